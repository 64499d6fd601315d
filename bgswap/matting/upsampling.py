"""Upsampling of an alpha along the edges of the photo: He and Sun's fast guided filter.

"Fast Guided Filter" (arXiv 1505.00996, 2015): alpha is fitted as a linear function of color in
every window of the small photo, and that function is applied to the full one.
"""

import cv2
import numpy as np

# Half the side of the windows, pixels of the small photo; the regularisation of the fit.
GUIDED_RADIUS = 3
GUIDED_EPSILON = 1e-4


def guided_upsampling(photo: np.ndarray, small: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Upsample the alpha of a scaled-down photo, guided by the full photo.

    Args:
        photo: (H, W, 3) uint8 RGB.
        small: (h, w, 3) uint8 RGB, the same at a smaller size.
        alpha: (h, w) float32 in [0, 1].

    Returns:
        (H, W) float32 in [0, 1]; exact 0 and 1 away from the soft band.
    """
    weights, offset = _local_linear(small.astype(np.float32) / 255, alpha)
    size = photo.shape[1::-1]
    soft = cv2.dilate(((alpha > 0) & (alpha < 1)).astype(np.uint8), np.ones((3, 3), np.uint8))
    band = cv2.resize(soft, size, interpolation=cv2.INTER_NEAREST) > 0
    full = (cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.float32)
    guess: np.ndarray = cv2.resize(offset, size, interpolation=cv2.INTER_LINEAR)[band]
    for channel in range(3):
        plane = cv2.resize(weights[:, :, channel], size, interpolation=cv2.INTER_LINEAR)[band]
        guess += plane * (photo[:, :, channel][band] / np.float32(255))
    full[band] = guess.clip(0, 1)
    return full


def _local_linear(guide: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit alpha as a linear function of color in every window (guided filter, color guide)."""

    def mean(values: np.ndarray) -> np.ndarray:
        side = 2 * GUIDED_RADIUS + 1
        return cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)

    color, level = mean(guide), mean(alpha)
    covariance = mean(guide * alpha[:, :, None]) - color * level[:, :, None]
    pairs = guide[:, :, :, None] * guide[:, :, None, :]
    height, width = alpha.shape
    products = np.stack([mean(pairs[:, :, i]) for i in range(3)], axis=2)
    spread = products - color[:, :, :, None] * color[:, :, None, :]
    spread += GUIDED_EPSILON * np.eye(3, dtype=np.float32)
    weights = np.zeros((height, width, 3), np.float32)
    edge = (level > 0) & (level < 1)
    weights[edge] = np.linalg.solve(spread[edge], covariance[edge][:, :, None])[:, :, 0]
    offset = level - (weights * color).sum(axis=2)
    return mean(weights), mean(offset)
