"""Losses of predicted alphas, as a dict of named scalars with their ``total``."""

import torch
from torch import Tensor
from torch.nn import functional as F

# Levels of the Laplacian pyramid; weights of the terms.
LEVELS = 5
PYRAMID, COMPOSITION, BAND, DICE, SCORE = 0.6, 0.5, 0.6, 0.3, 0.2


def alpha_losses(logits: Tensor, true: Tensor, weight: Tensor, photo: Tensor) -> dict[str, Tensor]:
    """Losses of alphas against the ground truth.

    Cross entropy over all pixels; L1 on the levels of a Laplacian pyramid (Hou and Liu, ICCV 2019);
    L1 on the picture composed over black (Xu et al., "Deep Image Matting", CVPR 2017); L1 in the
    band of soft edges; and the soft Dice loss, which balances small foregrounds.

    Args:
        logits: (B, 1, H, W).
        true: (B, 1, H, W) in [0, 1].
        weight: (B, 1, H, W), weight of each pixel.
        photo: (B, 3, H, W) in [-1, 1].
    """
    logits = logits.float()
    alpha, total = torch.sigmoid(logits), weight.sum().clamp(min=1)
    cross = (F.binary_cross_entropy_with_logits(logits, true, reduction="none") * weight).sum()
    error = (alpha - true).abs() * weight
    soft = F.max_pool2d(true, 7, 1, 3) + F.max_pool2d(-true, 7, 1, 3) > 0.05
    band = (error * soft).sum() / (weight * soft).sum().clamp(min=1)
    overlap = (alpha * true * weight).sum((1, 2, 3))
    both = ((alpha + true) * weight).sum((1, 2, 3))
    losses = {
        "cross_entropy": cross / total,
        "pyramid": _pyramid(alpha * weight, true * weight),
        "composition": (error * (photo + 1) / 2).sum() / total,
        "band": band,
        "dice": (1 - (2 * overlap + 20) / (both + 20)).mean(),
    }
    shares = (1.0, PYRAMID, COMPOSITION, BAND, DICE)
    parts = zip(losses.values(), shares, strict=True)
    return {"total": sum(value * share for value, share in parts), **losses}


def _pyramid(one: Tensor, other: Tensor) -> Tensor:
    """Mean L1 of the Laplacian pyramid of a difference; coarser levels have a higher weight."""
    rest, total = one - other, one.new_zeros(())
    for level in range(LEVELS):
        small = F.avg_pool2d(rest, 2)
        large = F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)
        total = total + 2**level * (rest - large).abs().mean()
        rest = small
    return total + 2**LEVELS * rest.abs().mean() / 4


def score_loss(scores: Tensor, somebody: Tensor, clear: Tensor) -> Tensor:
    """Cross entropy of the presence of a person, over the samples where it is known."""
    each = F.binary_cross_entropy_with_logits(scores.float(), somebody, reduction="none")
    return (each * clear).sum() / clear.sum().clamp(min=1)
