"""How alike two pictures of one seed are: the quality gate of converted models."""

import numpy as np

# Structural similarity (Wang et al., 2004) and mean absolute difference in levels of 255 from
# which a converted model's pictures count as those of the original.
LEAST_SSIM, MOST_DIFFERENCE = 0.95, 3.0


def likeness(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """SSIM, at most 1, and the mean absolute difference in levels of two (h, w, 3) uint8."""
    from skimage.metrics import structural_similarity

    ssim = float(structural_similarity(one, other, channel_axis=2))
    return ssim, float(np.abs(one.astype(int) - other).mean())


def alike(scores: list[tuple[float, float]]) -> bool:
    """Whether all pairs of pictures pass the gate."""
    return all(ssim >= LEAST_SSIM and mean < MOST_DIFFERENCE for ssim, mean in scores)
