"""Inputs of the smoke test (``check``) of full weights: noise, and the mask of a square in it."""

import numpy as np

# Pixels: a multiple of every network's total stride.
SIDE = 96
BOX = (SIDE / 4, SIDE / 4, SIDE * 3 / 4, SIDE * 3 / 4)


def noise() -> np.ndarray:
    """(96, 96, 3) uint8, the same at each call."""
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def square() -> np.ndarray:
    """(96, 96) float32 mask of :data:`BOX`."""
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4] = 1
    return mask
