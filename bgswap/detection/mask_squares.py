"""The square crops that the mask autoencoder works on, and the merging of its output."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from bgswap.mask_ops import window_slices
from bgswap.types import Box

# Each side of a person's box grows by this share of its longer side before it is cut out.
MARGIN = 0.125


@dataclass(frozen=True)
class RefinerConfig:
    """Thresholds for merging the network's output; stored as ``calibration.json`` beside it."""

    # Thresholds of the change of a pixel, in [0, 1]: below the first the mask is kept at full size,
    # above the second it is replaced by the network's output; between, both are blended. Chosen on
    # damaged masks of the training set.
    doubt: float = 0.6
    belief: float = 0.9
    # Factor by which the output's contrast around one half is increased, so that it is nearly
    # binary.
    contrast: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.doubt < self.belief <= 1 or not 1 <= self.contrast <= 100:
            raise ValueError("expected 0 <= doubt < belief <= 1 and contrast from 1 to 100")

    @classmethod
    def read(cls, folder: Path) -> "RefinerConfig":
        """The configuration of the weights in a folder; the default where there is none.

        Raises:
            OSError, TypeError, ValueError: the file is not a valid configuration.
        """
        path = folder / "calibration.json"
        return cls(**json.loads(path.read_text())) if path.is_file() else cls()


def square_of(box: Box) -> tuple[int, int, int]:
    """The square that is cut out for a box: ``(x, y, side)`` in whole pixels.

    It has the box's centre and its longer side with a margin; parts of it may lie outside the
    photo.

    Args:
        box: (x0, y0, x1, y1) in pixels.

    Raises:
        ValueError: the box is empty or not finite.
    """
    x0, y0, x1, y1 = box
    longer = max(x1 - x0, y1 - y0)
    if not np.isfinite(box).all() or min(x1 - x0, y1 - y0) <= 0:
        raise ValueError(f"expected a box (x0, y0, x1, y1) with an area, got {box}")
    side = max(1, round(longer * (1 + 2 * MARGIN)))
    return round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2), side


def square_crop(mask: np.ndarray, box: Box, side: int) -> np.ndarray:
    """Cut a person's square out of a mask and scale it.

    Args:
        mask: (H, W) float32 in [0, 1].
        box: (x0, y0, x1, y1) in pixels of the mask.
        side: of the result, in pixels.

    Returns:
        (side, side) float32 in [0, 1]; zero where the square lies outside the mask.

    Raises:
        ValueError: the box is empty or not finite.
    """
    x, y, length = square_of(box)
    rows, columns = window_slices((x, y, length, length), mask.shape)
    part = mask[rows, columns]
    if part.shape != (length, length):
        top, left = rows.start - y, columns.start - x
        bottom, right = length - part.shape[0] - top, length - part.shape[1] - left
        part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    way = cv2.INTER_AREA if length > side else cv2.INTER_LINEAR
    crop = cv2.resize(part, (side, side), interpolation=way)
    return np.clip(crop, 0, 1, out=crop)


def merge(
    mask: np.ndarray,
    seen: np.ndarray,
    refined: np.ndarray,
    box: Box,
    config: RefinerConfig | None = None,
) -> np.ndarray:
    """Merge a refined crop into its mask.

    Where the network hardly changes its input, the mask is kept, with details finer than the
    network's resolution; where it does, its output is scaled up and replaces the mask.

    Args:
        mask: (H, W) float32 in [0, 1].
        seen: (side, side) float32, the network's input.
        refined: (side, side) float32 in [0, 1], its output.
        box: (x0, y0, x1, y1) in pixels, of the square crop.
        config: thresholds.

    Returns:
        (H, W) float32 in [0, 1], a new array, equal to ``mask`` outside the square.

    Raises:
        ValueError: the box is empty or not finite.
    """
    config = config or RefinerConfig()
    x, y, length = square_of(box)
    rows, columns = window_slices((x, y, length, length), mask.shape)
    change = cv2.dilate(np.abs(refined - seen), np.ones((3, 3), np.uint8))
    belief = np.clip((change - config.doubt) / (config.belief - config.doubt), 0, 1)
    merged = mask.copy()
    if not belief.any() or rows.start >= rows.stop or columns.start >= columns.stop:
        return merged
    # One affine map scales up and cuts off what lies outside: pixel centres lie at one half.
    step = seen.shape[0] / length
    shift = (step - 1) / 2 + step * np.array([columns.start - x, rows.start - y])
    matrix = np.array([[step, 0, shift[0]], [0, step, shift[1]]])
    part = merged[rows, columns]
    size, flags = part.shape[::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def full_size(small: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(small, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    answer = full_size(np.clip((refined - 0.5) * config.contrast + 0.5, 0, 1))
    answer -= part
    answer *= full_size(belief)
    part += answer
    np.clip(part, 0, 1, out=part)
    return merged
