"""Metrics of masks and pictures."""

import cv2
import numpy as np
from skimage.metrics import structural_similarity

_WINDOW = {
    "channel_axis": 2,
    "data_range": 255,
    "gaussian_weights": True,
    "sigma": 1.5,
    "use_sample_covariance": False,
}


def iou(found: np.ndarray, true: np.ndarray) -> float:
    """Intersection over union of two masks (H, W) with threshold one half; 1 if both are empty.

    Raises:
        ValueError: they differ in shape.
    """
    if found.shape != true.shape:
        raise ValueError(f"expected masks of one shape, got {found.shape} and {true.shape}")
    found, true = found > 0.5, true > 0.5
    union = np.count_nonzero(found | true)
    return float(np.count_nonzero(found & true) / union) if union else 1.0


def boundary_iou(found: np.ndarray, true: np.ndarray, band: float = 0.02) -> float:
    """IoU of the inner bands along the edges of two masks (H, W) with threshold one half.

    Boundary IoU of Cheng, Girshick, Dollar, Berg and Kirillov (CVPR 2021). The band is
    ``band`` times the diagonal of the picture wide, one pixel at least; the border of the picture
    counts as an edge.

    Raises:
        ValueError: they differ in shape.
    """
    width = max(1, round(band * float(np.hypot(*true.shape))))
    return iou(_inner_band(found, width), _inner_band(true, width))


def _inner_band(mask: np.ndarray, width: int) -> np.ndarray:
    body = np.pad((mask > 0.5).astype(np.uint8), 1)
    core = cv2.erode(body, np.ones((3, 3), np.uint8), iterations=width)
    return (body - core)[1:-1, 1:-1].astype(np.float32)


def ssim(made: np.ndarray, true: np.ndarray) -> float:
    """Structural similarity of two pictures (H, W, 3) uint8 RGB; 1 is the same picture.

    Wang, Bovik, Sheikh and Simoncelli (2004) with their Gaussian window, by scikit-image.

    Raises:
        ValueError: they differ in shape, or are smaller than the window of 11 pixels.
    """
    value = structural_similarity(made, true, **_WINDOW)
    return float(value)


def mse(made: np.ndarray, true: np.ndarray) -> float:
    """Mean squared error of two pictures (H, W, 3) uint8 RGB, both taken as 0 to 1.

    Raises:
        ValueError: they differ in shape.
    """
    if made.shape != true.shape:
        raise ValueError(f"expected pictures of one shape, got {made.shape} and {true.shape}")
    return float(np.mean((made.astype(np.float64) - true) ** 2)) / 255**2


def kept_scores(made: np.ndarray, true: np.ndarray, kept: np.ndarray) -> dict[str, float]:
    """``ssim`` and ``mse`` of the part of a picture that should not change.

    Args:
        made: (H, W, 3) uint8 RGB, the result.
        true: (H, W, 3) uint8 RGB, the input.
        kept: (H, W) bool, the pixels to compare. Windows of the structural similarity near the
            edge also contain other pixels, so that it is below 1 there even for equal pixels.

    Raises:
        ValueError: they differ in shape, or ``kept`` is empty.
    """
    if kept.shape != true.shape[:2] or not kept.any():
        raise ValueError(f"expected some kept pixels of {true.shape[:2]}, got {kept.shape}")
    _, local = structural_similarity(made, true, full=True, **_WINDOW)
    error = (made[kept].astype(np.float64) - true[kept]) / 255
    return {"ssim": float(local[kept].mean()), "mse": float(np.mean(error**2))}
