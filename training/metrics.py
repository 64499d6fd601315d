"""How good masks and pictures are, as numbers."""

import cv2
import numpy as np


def iou(found: np.ndarray, true: np.ndarray) -> float:
    """Intersection over union of two masks (H, W), cut at one half; 1 where both are empty.

    Raises:
        ValueError: they differ in shape.
    """
    if found.shape != true.shape:
        raise ValueError(f"expected masks of one shape, got {found.shape} and {true.shape}")
    found, true = found > 0.5, true > 0.5
    union = np.count_nonzero(found | true)
    return np.count_nonzero(found & true) / union if union else 1.0


def boundary_iou(found: np.ndarray, true: np.ndarray, band: float = 0.02) -> float:
    """IoU of the inner bands along the edges of two masks (H, W), cut at one half.

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
