"""From the photo to what the inpainter sees, and back: sizes, padding, neutral fill, mask."""

from dataclasses import dataclass
from itertools import product
from math import ceil

import cv2
import numpy as np

from bgswap.errors import BadInput

LONGEST_ASPECT = 16
# How far the kept region is pulled in before the inpainter sees it, as a share of the model's
# side: its rim mixes person and old background, and what is seen there is continued outwards.
BORDER = 1 / 128
# What inpainting models were trained to find where they shall paint: 0 in their [-1, 1].
NEUTRAL = 127.5


@dataclass(frozen=True)
class Canvas:
    """A picture that the model can paint, and where in it the photo lies.

    Attributes:
        height, width: pixels, multiples of what the model needs.
        top, left: where the photo begins; what is outside of it is padding.
        inner_height, inner_width: the photo's size here; its aspect to half a pixel.
    """

    height: int
    width: int
    top: int
    left: int
    inner_height: int
    inner_width: int


def fit_canvas(height: int, width: int, side: int, multiple: int, margin: int = 0) -> Canvas:
    """The canvas for a photo: about side² pixels, the photo's aspect, little padding.

    Args:
        height, width: of the photo, in pixels.
        side: the model's own resolution, in pixels.
        multiple: what both sides of the canvas must be multiples of.
        margin: least padding on each side, in pixels; less than half of ``multiple``.

    Raises:
        BadInput: the photo is longer than 16 times its breadth.
    """
    if max(height, width) > LONGEST_ASPECT * min(height, width):
        raise BadInput(
            f"The photo is too long and narrow: at most {LONGEST_ASPECT}:1, got {width}x{height}"
        )
    stretch = side / (height * width) ** 0.5
    choices = product(_around(height * stretch, multiple), _around(width * stretch, multiple))
    canvases = [_centred(height, width, *choice, margin) for choice in choices]
    return min(canvases, key=lambda canvas: _loss(canvas, side))


def _around(length: float, multiple: int) -> tuple[int, int]:
    low = max(int(length // multiple), 1) * multiple
    return low, low + multiple


def _centred(height: int, width: int, canvas_height: int, canvas_width: int, margin: int) -> Canvas:
    scale = min((canvas_height - 2 * margin) / height, (canvas_width - 2 * margin) / width)
    inner_height = max(round(height * scale), 1)
    inner_width = max(round(width * scale), 1)
    top, left = (canvas_height - inner_height) // 2, (canvas_width - inner_width) // 2
    return Canvas(canvas_height, canvas_width, top, left, inner_height, inner_width)


def _loss(canvas: Canvas, side: int) -> float:
    area = canvas.height * canvas.width
    wasted = 1 - canvas.inner_height * canvas.inner_width / area
    return wasted + 0.5 * abs(np.log(area / side**2))


def place(image: np.ndarray, canvas: Canvas) -> np.ndarray:
    """Photo or alpha, (H, W, 3) uint8 or (H, W) float32, on the canvas; padded by reflection."""
    size = (canvas.inner_width, canvas.inner_height)
    smaller = canvas.inner_height < image.shape[0]
    inner = cv2.resize(image, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    if inner.dtype == np.float32:
        inner = inner.clip(0, 1)
    bottom = canvas.height - canvas.top - canvas.inner_height
    right = canvas.width - canvas.left - canvas.inner_width
    return cv2.copyMakeBorder(inner, canvas.top, bottom, canvas.left, right, cv2.BORDER_REFLECT_101)


def crop(image: np.ndarray, canvas: Canvas) -> np.ndarray:
    """The photo's part of a painted canvas, (height, width, ...), or of a smaller one like it.

    Of the canvas itself it is exact; of one that is smaller by a whole number, to its pixel.
    """
    factor = canvas.height // image.shape[0]
    top, left = canvas.top // factor, canvas.left // factor
    height, width = ceil(canvas.inner_height / factor), ceil(canvas.inner_width / factor)
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def neutralise(photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The photo with its old background faded to grey, so that nothing of it is continued.

    Args:
        photo: (H, W, 3) uint8 RGB.
        alpha: (H, W) float32 in [0, 1], 1 where the people are who stay.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    weight = alpha[..., None]
    return (photo * weight + NEUTRAL * (1 - weight)).round().astype(np.uint8)


def repaint_mask(alpha: np.ndarray, side: int) -> np.ndarray:
    """Where the model paints: (H, W) float32, 1 for background and a thin rim of the people.

    Args:
        alpha: (H, W) float32 in [0, 1] on the canvas, 1 where the people are who stay.
        side: the model's own resolution, in pixels; the rim is a share of it.
    """
    kept = (alpha > 0.5).astype(np.uint8)
    radius = round(BORDER * side)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    # Beyond the frame the people go on: no rim where a body is cut off by it.
    return 1 - cv2.erode(kept, disc, borderValue=1).astype(np.float32)
