"""The losses of the project's own networks, each a dict of named scalars with their ``total``."""

from collections.abc import Iterable

from torch import Tensor
from torch.nn import functional as F


def mean_losses(batches: Iterable[dict[str, float]]) -> dict[str, float]:
    """The mean of each named loss over batches of equal size.

    Raises:
        ValueError: there are no batches.
    """
    rows = list(batches)
    if not rows:
        raise ValueError("no batches to take the mean of")
    return {name: sum(row[name] for row in rows) / len(rows) for name in rows[0]}


def mask_losses(found: Tensor, true: Tensor) -> dict[str, Tensor]:
    """Losses of predicted masks.

    Cross entropy is the mean over all pixels; the soft Dice loss (Milletari et al., 2016), the mean
    over the masks, balances small foregrounds against large backgrounds.

    Args:
        found: (B, 1, H, W) in [0, 1], predicted.
        true: (B, 1, H, W) in [0, 1], ground truth.

    Returns:
        ``total`` = ``cross_entropy`` + 0.5 ``dice``, and these two.
    """
    cross_entropy = F.binary_cross_entropy(found.clamp(1e-6, 1 - 1e-6), true)
    overlap = (found * true).sum((1, 2, 3))
    dice = 1 - ((2 * overlap + 1) / (found.sum((1, 2, 3)) + true.sum((1, 2, 3)) + 1)).mean()
    return {"total": cross_entropy + 0.5 * dice, "cross_entropy": cross_entropy, "dice": dice}


def vae_losses(
    made: Tensor, true: Tensor, mu: Tensor, logvar: Tensor, kl_weight: float
) -> dict[str, Tensor]:
    """The two terms of a variational autoencoder (Kingma and Welling, 2014).

    Both are summed over a picture's values or latent dimensions and averaged over the batch, so
    that a weight of 1 is the evidence lower bound of a Gaussian with variance one half. A smaller
    weight stands for a smaller variance.

    Args:
        made: (B, 3, H, W) in [0, 1], the reconstruction.
        true: (B, 3, H, W) in [0, 1].
        mu, logvar: (B, latent).
        kl_weight: weight of the KL divergence from the standard normal.

    Returns:
        ``total`` = ``reconstruction`` + ``kl_weight`` * ``kl``; these two; and ``mse``, the mean
        over all values, for comparison with other work.
    """
    mse = F.mse_loss(made, true)
    reconstruction = mse * true[0].numel()
    kl = -0.5 * (1 + logvar - mu.square() - logvar.exp()).sum(1).mean()
    return {
        "total": reconstruction + kl_weight * kl,
        "reconstruction": reconstruction,
        "kl": kl,
        "mse": mse,
    }
