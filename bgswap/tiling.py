"""Overlapping tiles: where they begin, and how their results are blended."""

from math import ceil

import numpy as np


def tile_starts(length: int, tile: int, overlap: float) -> list[int]:
    """The starts of tiles that cover a length, evenly spread.

    Args:
        length: in pixels.
        tile: length of a tile in pixels; a longer one than ``length`` starts at 0.
        overlap: of neighboring tiles at least, in pixels.
    """
    last = max(length - tile, 0)
    count = 1 + ceil(last / max(tile - overlap, 1))
    return [round(start) for start in np.linspace(0, last, count)]


def tile_weights(size: tuple[int, ...], overlap: float) -> np.ndarray:
    """Blending weights of a tile of (h, w), rising linearly from its borders; float32 in (0, 1].

    Args:
        size: height and width in pixels; further numbers are ignored.
        overlap: distance from the border in pixels where the weight reaches 1.
    """
    lines = (np.minimum(np.arange(n), np.arange(n)[::-1]) + 1 for n in size[:2])
    rows, columns = (np.minimum(line / overlap, 1).astype(np.float32) for line in lines)
    weights: np.ndarray = rows[:, None] * columns[None, :]
    return weights
