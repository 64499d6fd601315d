"""The window round a person in which they are looked at from nearby, and the way there and back."""

import cv2
import numpy as np

from bgswap.types import Box

# What is added on each side of a box: so much of that side, and so much of the other one. Boxes
# of small detectors end at ankles and elbows.
ALONG, ACROSS = 0.15, 0.07
# x, y, width and height in whole pixels; parts may lie outside the photo.
Window = tuple[int, int, int, int]


def window_of(box: Box, grown: float = 1.0) -> Window:
    """The window of a box (x0, y0, x1, y1) in pixels, ``grown`` about its middle."""
    x0, y0, x1, y1 = box
    wide, tall = x1 - x0, y1 - y0
    width = max(2, round(grown * ((1 + 2 * ALONG) * wide + 2 * ACROSS * tall)))
    height = max(2, round(grown * ((1 + 2 * ALONG) * tall + 2 * ACROSS * wide)))
    return round((x0 + x1 - width) / 2), round((y0 + y1 - height) / 2), width, height


def cut(picture: np.ndarray, window: Window, size: tuple[int, int], outside: float) -> np.ndarray:
    """What a window shows, at another size and in another shape if need be.

    Args:
        picture: (H, W) or (H, W, C), uint8 or float32.
        window: in pixels of the picture.
        size: (height, width) of the result.
        outside: the value where the window reaches beyond the picture.

    Returns:
        (height, width) or (height, width, C), of the picture's type.
    """
    x, y, width, height = window
    rows, columns = inside(window, picture.shape)
    part = picture[rows, columns]
    if not part.size:
        return np.full((*size, *picture.shape[2:]), outside, picture.dtype)
    if part.shape[:2] != (height, width):
        top, left = rows.start - y, columns.start - x
        bottom, right = height - part.shape[0] - top, width - part.shape[1] - left
        value = (outside,) * 4
        part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT, value=value)
    shrinks = height * width > size[0] * size[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(part, size[::-1], interpolation=way)


def put_back(crop: np.ndarray, window: Window, size: tuple[int, int]) -> np.ndarray:
    """A mask of what a window shows as a mask of the whole photo, empty elsewhere.

    Args:
        crop: (h, w) float32 in [0, 1].
        window: in pixels of the photo.
        size: (H, W) of the photo.

    Returns:
        (H, W) float32 in [0, 1].
    """
    x, y, width, height = window
    rows, columns = inside(window, size)
    whole = np.zeros(size, np.float32)
    if rows.start < rows.stop and columns.start < columns.stop:
        large = cv2.resize(crop, (width, height), interpolation=cv2.INTER_CUBIC)
        seen = large[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
        whole[rows, columns] = seen.clip(0, 1)
    return whole


def inside(window: Window, size: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of a window that lie inside a picture of (H, W)."""
    x, y, width, height = window
    top, left = min(max(y, 0), size[0]), min(max(x, 0), size[1])
    bottom, right = min(max(y + height, top), size[0]), min(max(x + width, left), size[1])
    return slice(top, bottom), slice(left, right)
