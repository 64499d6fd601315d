"""Square windows around faces: their place in a picture, and the weights in them."""

import cv2
import numpy as np

from bgswap.faces.base import FaceBox

# x, y and side of a square, in pixels.
Box = tuple[int, int, int]
# Side in pixels of the VAE's input.
SIDE = 64
# A box within this share of the VAE's input size is changed to exactly that size: the detected
# border is less accurate, and scaling would blur the noise that is to be removed.
NEAR_SIDE = 0.14
# Margin in pixels around a face of 64 that is restored with it.
MARGIN = 8
# Radius from which the change fades out, from the center of a face (0) to its border (1).
FADE = 0.8
# Side of a tight CelebA crop, and how far its center lies above that of the face's box, in heights
# of the box: medians from the eyes and mouths of 150 frontal faces of training photos.
TIGHT_SIDE, TIGHT_UP = 0.95, 0.045


def tight_square(face: FaceBox, shape: tuple[int, ...]) -> Box:
    """The square around a face that CelebA's crops would have, moved into a picture (H, W, ...)."""
    side = min(round(TIGHT_SIDE * face.height), *shape[:2])
    left = face.left + (face.width - side) / 2
    top = face.top + (0.5 - TIGHT_UP) * face.height - side / 2
    return min(max(round(left), 0), shape[1] - side), min(max(round(top), 0), shape[0] - side), side


def rows_and_columns(box: Box) -> tuple[slice, slice]:
    left, top, side = box
    return slice(top, top + side), slice(left, left + side)


def snap_to_side(box: Box, shape: tuple[int, ...]) -> Box:
    """A box of about 64 pixels with exactly that side and the same center, inside a picture."""
    left, top, side = box
    if abs(side - SIDE) > NEAR_SIDE * SIDE or min(shape[:2]) < SIDE:
        return box
    left, top = left - (SIDE - side) // 2, top - (SIDE - side) // 2
    return min(max(left, 0), shape[1] - SIDE), min(max(top, 0), shape[0] - SIDE), SIDE


def with_margin(box: Box, shape: tuple[int, ...]) -> tuple[Box, int]:
    """A box with a margin of an eighth, and the margin at 64 pixels; none at the photo's border."""
    left, top, side = box
    margin = round(side * MARGIN / SIDE)
    left, top, side = left - margin, top - margin, side + 2 * margin
    if min(left, top) < 0 or left + side > shape[1] or top + side > shape[0]:
        return box, 0
    return (left, top, side), MARGIN


def interior_weight(mask: np.ndarray, edge: int) -> np.ndarray:
    """Weight (H, W) in [0, 1] of pixels that are at least ``edge`` pixels inside a mask."""
    kernel = np.ones((2 * edge + 1, 2 * edge + 1), np.uint8)
    inside = cv2.erode(mask, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.clip((inside - 0.75) * 4, 0, 1)


def fill_outside_person(image: np.ndarray, own: np.ndarray) -> np.ndarray:
    """A crop with the person's mean color outside the person, so that the scene has no effect."""
    if own.max() == 0:
        return image
    own = own[..., None]
    mean = (image * own).sum((0, 1)) / own.sum()
    return (image * own + mean * (1 - own)).round().astype(np.uint8)


def taper_window(side: int) -> np.ndarray:
    """(side, side) float32, 1 in the middle and falling to 0 at the border of a face."""
    distance = np.abs(np.linspace(-1, 1, side, dtype=np.float32))
    profile = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - FADE) / (1 - FADE), 0, 1))
    return np.outer(profile, profile)
