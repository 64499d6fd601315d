"""Estimation of the foreground colors in the soft edge, where the photo mixes in the background.

Germer, Uelwer, Conrad and Harmeling, "Fast Multi-Level Foreground Estimation" (ICPR 2020), by
pymatting.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.mask_ops import round_to_uint8


@dataclass(frozen=True)
class ForegroundConfig:
    """How foreground colors are estimated."""

    # Pixels to which the photo is scaled down for it: the colors vary slowly along the edge.
    working_pixels: int = 1_000_000


CONFIG = ForegroundConfig()


def warm_up() -> None:
    """Let numba compile pymatting's functions, which takes most of a minute once a machine.

    Some compile on import, the closed-form solver (used for painted corrections) on its first call.
    """
    from pymatting import estimate_alpha_cf

    trimap = np.full((8, 8), 0.5)
    trimap[:2], trimap[-2:] = 0, 1
    estimate_alpha_cf(np.random.default_rng(0).random((8, 8, 3)), trimap)


def foreground(
    photo: np.ndarray, alpha: np.ndarray, config: ForegroundConfig = CONFIG
) -> np.ndarray:
    """The foreground colors of the kept people.

    Args:
        photo: (H, W, 3) uint8 RGB.
        alpha: (H, W) float32 in [0, 1].
        config: see :class:`ForegroundConfig`.

    Returns:
        (H, W, 3) uint8 RGB: the photo where alpha is 1, estimated where it is between, 0 elsewhere.

    Raises:
        ValueError: the sizes differ.
    """
    if photo.shape[:2] != alpha.shape:
        raise ValueError(f"photo {photo.shape} and alpha {alpha.shape} differ in size")
    result = np.where((alpha == 1)[:, :, None], photo, np.uint8(0))
    soft = (alpha > 0) & (alpha < 1)
    if not soft.any():
        return result
    x, y, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
    window = (slice(y, y + height), slice(x, x + width))
    estimated = _estimate(photo[window], alpha[window], soft[window], config.working_pixels)
    result[window][soft[window]] = estimated
    return result


def _estimate(photo: np.ndarray, alpha: np.ndarray, soft: np.ndarray, pixels: int) -> np.ndarray:
    """Foreground colors of the soft pixels, (N, 3) uint8, estimated at that many pixels."""
    from pymatting import estimate_foreground_ml

    scale = min(1.0, np.sqrt(pixels / alpha.size))
    if scale == 1.0:
        colors = estimate_foreground_ml(photo / np.float32(255), alpha)[soft]
        return round_to_uint8(colors * 255)
    size = (max(round(alpha.shape[1] * scale), 1), max(round(alpha.shape[0] * scale), 1))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    small_alpha = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    colors = estimate_foreground_ml(small / np.float32(255), small_alpha) * 255
    # Add the photo's fine detail, weighted by alpha.
    full_size = alpha.shape[::-1]
    smooth = cv2.resize(colors, full_size, interpolation=cv2.INTER_LINEAR)[soft]
    blurred = cv2.resize(small, full_size, interpolation=cv2.INTER_LINEAR)[soft]
    detail = photo[soft].astype(np.float32) - blurred
    return round_to_uint8(smooth + alpha[soft][:, None] * detail)
