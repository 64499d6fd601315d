"""Squares around faces: where they lie in a picture, and how their borders fade."""

import cv2
import numpy as np

# x, y and side of a square, in pixels.
Box = tuple[int, int, int]
# Pixels a side that the VAE knows.
SIDE = 64
# A face this near to the VAE's size, as a share of it, is taken at that size: where exactly a face
# ends is less certain, and scaling would smear what is to be mended.
NEAR_SIDE = 0.14
# Pixels round a face of 64 that are mended with it.
RIM = 8
# Where the change begins to fade, from the middle of a face (0) to its border (1).
FADE = 0.8


def rows_and_columns(box: Box) -> tuple[slice, slice]:
    left, top, side = box
    return slice(top, top + side), slice(left, left + side)


def at_its_size(box: Box, shape: tuple[int, ...]) -> Box:
    """A box of about 64 pixels as one of exactly that about the same middle, inside a picture."""
    left, top, side = box
    if abs(side - SIDE) > NEAR_SIDE * SIDE or min(shape[:2]) < SIDE:
        return box
    left, top = left - (SIDE - side) // 2, top - (SIDE - side) // 2
    return min(max(left, 0), shape[1] - SIDE), min(max(top, 0), shape[0] - SIDE), SIDE


def rimmed(box: Box, shape: tuple[int, ...]) -> tuple[Box, int]:
    """A box with a rim of an eighth of it, and that of a face of 64 pixels; none at the border."""
    left, top, side = box
    rim = round(side * RIM / SIDE)
    left, top, side = left - rim, top - rim, side + 2 * rim
    if min(left, top) < 0 or left + side > shape[1] or top + side > shape[0]:
        return box, 0
    return (left, top, side), RIM


def own_pixels(mask: np.ndarray, edge: int) -> np.ndarray:
    """Where a person's pixels are their own, (H, W) from 0 to 1: so many pixels from the edge."""
    kernel = np.ones((2 * edge + 1, 2 * edge + 1), np.uint8)
    inside = cv2.erode(mask, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.clip((inside - 0.75) * 4, 0, 1)


def without_scene(image: np.ndarray, own: np.ndarray) -> np.ndarray:
    """A crop with the person's mean colour where the scene was: white or jungle, all alike."""
    if own.max() == 0:
        return image
    own = own[..., None]
    mean = (image * own).sum((0, 1)) / own.sum()
    return (image * own + mean * (1 - own)).round().astype(np.uint8)


def soft_window(side: int) -> np.ndarray:
    """(side, side) float32, 1 over the middle and falling to 0 at the border of a face."""
    distance = np.abs(np.linspace(-1, 1, side, dtype=np.float32))
    profile = 0.5 + 0.5 * np.cos(np.pi * np.clip((distance - FADE) / (1 - FADE), 0, 1))
    return np.outer(profile, profile)
