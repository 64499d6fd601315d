"""What a pipeline gets from the photo: picture, mask and size of the canvas."""

from typing import Any

import numpy as np

from bgswap.backgrounds.diffusion.canvas import Canvas, neutralise, place, repaint_mask
from bgswap.errors import BadInput
from bgswap.io.tensors import images_to_tensor, masks_to_tensor


def check_arrays(photo: np.ndarray, alpha: np.ndarray) -> None:
    """Check that photo and alpha belong together.

    Args:
        photo: (H, W, 3) uint8 RGB.
        alpha: (H, W) float32.

    Raises:
        BadInput: a shape or type is another.
    """
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8:
        raise BadInput(f"expected a photo (H, W, 3) uint8, got {photo.shape} {photo.dtype}")
    if alpha.shape != photo.shape[:2] or alpha.dtype != np.float32:
        raise BadInput(
            f"expected an alpha {photo.shape[:2]} float32, got {alpha.shape} {alpha.dtype}"
        )


def canvas_inputs(
    photo: np.ndarray, alpha: np.ndarray, canvas: Canvas, side: int
) -> dict[str, Any]:
    """The arguments of a pipeline for a canvas on which only the people are given.

    Args:
        photo: (H, W, 3) uint8 RGB.
        alpha: (H, W) float32 in [0, 1], 1 where the people are who stay.
        canvas: the place of the photo in the picture that the model paints.
        side: the model's own resolution, in pixels.
    """
    alpha = place(alpha, canvas)
    return picture_inputs(neutralise(place(photo, canvas), alpha), repaint_mask(alpha, side))


def picture_inputs(picture: np.ndarray, mask: np.ndarray) -> dict[str, Any]:
    """The arguments of a pipeline that repaints a picture.

    Args:
        picture: (h, w, 3) uint8 RGB.
        mask: (h, w) float32, 1 where the model paints.
    """
    return {
        "image": images_to_tensor([picture]),
        "mask_image": masks_to_tensor([mask]),
        "height": picture.shape[0],
        "width": picture.shape[1],
    }
