"""Placement of photo, alpha and foreground colors in an output frame."""

from math import ceil, floor

import cv2
import numpy as np

from bgswap.compositing.frame import Frame
from bgswap.io.images import resize
from bgswap.mask_ops import bleed_edge_colors

# Pixels added around an enlarged part of the photo: the support of bicubic interpolation.
REACH = 4


def place_photo(photo: np.ndarray, frame: Frame) -> np.ndarray:
    """The photo in the frame; beyond its borders it is mirrored.

    Args:
        photo: (H, W, 3) uint8 RGB.
        frame: made for a photo of this size.

    Returns:
        (h, w, 3) uint8 RGB of the frame's size; the photo's own pixels where the scale is 1, the
        photo itself where the frame is the photo.

    Raises:
        ValueError: the photo has another size than the frame was made for.
    """
    return _placed(photo, frame, cv2.BORDER_REFLECT_101)


def place_alpha(alpha: np.ndarray, frame: Frame) -> np.ndarray:
    """An alpha or a mask in the frame, 0 beyond the photo.

    Args:
        alpha: (H, W) float32 in [0, 1].
        frame: made for a photo of this size.

    Returns:
        (h, w) float32, multiples of 1/255 in [0, 1] where it was scaled.

    Raises:
        ValueError: the alpha has another size than the frame was made for.
    """
    if frame.placed == frame.photo:
        return _placed(alpha, frame, cv2.BORDER_CONSTANT)
    levels = np.rint(alpha * 255).astype(np.uint8)
    return _placed(levels, frame, cv2.BORDER_CONSTANT) / np.float32(255)


def place_people(
    people: np.ndarray, alpha: np.ndarray, frame: Frame
) -> tuple[np.ndarray, np.ndarray]:
    """Foreground colors and alpha in the frame; scaling weights the colors by alpha.

    Args:
        people: (H, W, 3) uint8 RGB, the foreground colors; ignored where alpha is 0.
        alpha: (H, W) float32 in [0, 1].
        frame: made for a photo of this size.

    Returns:
        (h, w, 3) uint8 RGB and (h, w) float32, multiples of 1/255 in [0, 1] where it was scaled.

    Raises:
        ValueError: the sizes differ from the one that the frame was made for.
    """
    matte = place_alpha(alpha, frame)
    if frame.placed == frame.photo:
        return _placed(people, frame, cv2.BORDER_CONSTANT), matte
    weighted = np.where((alpha > 0)[..., None], people, np.uint8(0))
    soft = (alpha > 0) & (alpha < 1)
    weighted[soft] = np.rint(people[soft] * alpha[soft][:, None])
    colors = _placed(weighted, frame, cv2.BORDER_CONSTANT)
    soft = (matte > 0) & (matte < 1)
    colors[soft] = np.rint((colors[soft] / matte[soft][:, None]).clip(0, 255))
    return bleed_edge_colors(colors, matte), matte


def _placed(picture: np.ndarray, frame: Frame, border: int) -> np.ndarray:
    if picture.shape[:2] != frame.photo:
        raise ValueError(f"expected a picture of {frame.photo}, got {picture.shape}")
    if frame.is_photo:
        return picture
    rows, columns = frame.covered
    height, width = frame.size
    return cv2.copyMakeBorder(
        _visible(picture, frame),
        rows.start,
        height - rows.stop,
        columns.start,
        width - columns.stop,
        border,
    )


def _visible(picture: np.ndarray, frame: Frame) -> np.ndarray:
    """The part of the placed photo that lies inside the canvas."""
    rows, columns = frame.covered
    top, left = rows.start - frame.top, columns.start - frame.left
    size = (columns.stop - columns.start, rows.stop - rows.start)
    if frame.placed[0] * frame.placed[1] <= frame.photo[0] * frame.photo[1]:
        scaled = resize(picture, frame.placed[::-1])
        return scaled[top : top + size[1], left : left + size[0]]
    return _enlarged(picture, frame, (left, top), size)


def _enlarged(
    picture: np.ndarray, frame: Frame, start: tuple[int, int], size: tuple[int, int]
) -> np.ndarray:
    """A window (x, y; width, height) of the enlarged photo, without enlarging all of it."""
    spans = []
    for begin, length, own, placed in zip(
        start, size, frame.photo[::-1], frame.placed[::-1], strict=True
    ):
        low = max(floor(begin * own / placed) - REACH, 0)
        spans.append((low, min(ceil((begin + length) * own / placed) + REACH, own)))
    (x0, x1), (y0, y1) = spans
    across, down = frame.placed[1] / frame.photo[1], frame.placed[0] / frame.photo[0]
    # Maps pixel centers as cv2.resize does.
    matrix = np.array(
        [
            [across, 0, (x0 + 0.5) * across - 0.5 - start[0]],
            [0, down, (y0 + 0.5) * down - 0.5 - start[1]],
        ]
    )
    # The border is replicated, so that a person cut off by it stays opaque.
    return cv2.warpAffine(
        picture[y0:y1, x0:x1],
        matrix,
        size,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
