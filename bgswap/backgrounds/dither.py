"""Rounding without bands: one grey level of noise hides them."""

import numpy as np

# Rows at once, so that memory stays small.
STRIP_ROWS = 256


def dithered(levels: np.ndarray, size: tuple[int, int], seed: int) -> np.ndarray:
    """Levels as bytes whose mean is the level: truncated after noise in [0, 1) was added.

    Args:
        levels: (H, W, 3) or (H, 1, 3) float32, 0 to 255.
        size: (H, W) of the picture.
        seed: of the noise; the same seed gives the same picture.

    Returns:
        (H, W, 3) uint8.
    """
    noise = np.random.default_rng(seed)
    result = np.empty((*size, 3), np.uint8)
    for rows in (slice(y, y + STRIP_ROWS) for y in range(0, size[0], STRIP_ROWS)):
        grain = noise.random(result[rows].shape[:2], np.float32)[..., None]
        result[rows] = np.clip(levels[rows] + grain, 0, 255)
    return result
