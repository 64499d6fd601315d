"""Upsampling of a window's alpha to the photo's resolution.

The refiner doubles the resolution a number of times, in the tiles with a soft edge; a guided filter
does the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.mask_ops import GREY, Window, crop_window, paste_window, window_slices
from bgswap.matting.upsampling import guided_upsampling

# Tiles of a photo (h, w, 3) uint8 and of an alpha (h, w) to refined alphas (N, h, w).
Refine = Callable[[Sequence[np.ndarray], Sequence[np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class DetailConfig:
    """How alphas are upsampled to the photo's resolution."""

    # Doublings of resolution by the refiner. None with the weights that ship: theirs cost .009 IoU
    # on 16 street photos and increased the error at the edges of drawn subjects by a tenth.
    octaves: int = 0
    # Enlargement up to which bilinear interpolation is used: the guided filter's edges are ragged.
    smooth: float = 2.0
    # Side of the refiner's tiles and the context around them, pixels; tiles in a batch.
    tile: int = 96
    context: int = 16
    batch: int = 16
    # Alpha within this distance of 0 or 1 is set to 0 or 1: a network's output rarely is exact.
    snap: float = 0.03


def full_size(
    refine: Refine, photo: np.ndarray, alpha: np.ndarray, window: Window, config: DetailConfig
) -> np.ndarray:
    """The alpha of a window at the photo's resolution.

    Args:
        refine: the refiner.
        photo: (H, W, 3) uint8 RGB.
        alpha: (h, w) float32 in [0, 1], of the window.
        window: in pixels of the photo.
        config: see :class:`DetailConfig`.

    Returns:
        (H, W) float32 in [0, 1], multiples of 1/255, 0 outside the window.
    """
    x, y, width, height = window
    for _ in range(config.octaves):
        if alpha.shape[0] >= height:
            break
        size = min(2 * alpha.shape[0], height), min(2 * alpha.shape[1], width)
        alpha = refined(refine, crop_window(photo, window, size, GREY), alpha, config)
    alpha = ((alpha - config.snap) / (1 - 2 * config.snap)).clip(0, 1)
    rows, columns = window_slices(window, photo.shape)
    whole = np.zeros(photo.shape[:2], np.float32)
    if config.smooth * alpha.shape[0] >= height:
        return np.rint(paste_window(alpha, window, photo.shape[:2]) * 255) / np.float32(255)
    small = crop_window(photo, window, alpha.shape, GREY)
    part = guided_upsampling(crop_window(photo, window, (height, width), GREY), small, alpha)
    view = np.s_[rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
    whole[rows, columns] = part[view]
    return np.rint(whole * 255) / np.float32(255)


def refined(
    refine: Refine, photo: np.ndarray, alpha: np.ndarray, config: DetailConfig
) -> np.ndarray:
    """An alpha upsampled to the size of a photo (h, w, 3), refined in tiles with a soft edge."""
    large = cv2.resize(alpha, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    corners = soft_tiles(large, config.tile)
    edge, side = config.context, config.tile + 2 * config.context
    padded = cv2.copyMakeBorder(photo, edge, side, edge, side, cv2.BORDER_REFLECT_101)
    around = cv2.copyMakeBorder(large, edge, side, edge, side, cv2.BORDER_REPLICATE)
    result = large.copy()
    for start in range(0, len(corners), config.batch):
        part = corners[start : start + config.batch]
        views = [np.s_[row : row + side, column : column + side] for row, column in part]
        tiles = refine([padded[view] for view in views], [around[view] for view in views])
        for (row, column), tile in zip(part, tiles, strict=True):
            target = result[row : row + config.tile, column : column + config.tile]
            target[:] = tile[edge : edge + target.shape[0], edge : edge + target.shape[1]]
    return result


def soft_tiles(alpha: np.ndarray, tile: int) -> list[tuple[int, int]]:
    """Row and column of the tiles of an alpha (h, w) that hold an edge or partial alpha."""
    low, high = cv2.erode(alpha, np.ones((5, 5))), cv2.dilate(alpha, np.ones((5, 5)))
    soft = (high - low > 0.1) | ((alpha > 0.04) & (alpha < 0.96))
    corners = (
        (r, c) for r in range(0, alpha.shape[0], tile) for c in range(0, alpha.shape[1], tile)
    )
    return [(r, c) for r, c in corners if soft[r : r + tile, c : c + tile].any()]
