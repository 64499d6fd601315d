"""Initialisation of the face VAE by principal component analysis (PCA).

The optimal linear autoencoder has a closed form: the projection on the principal components (Baldi
and Hornik, Neural Networks 1989), and a linear VAE's optimal Gaussians follow from their variances
(Lucas et al., NeurIPS 2019). Convolutions of stride 2 can represent it: each level projects blocks
of 2 x 2 pixels on their principal axes, and ReLUs have no effect on values that are shifted to be
positive (encoder) or come in pairs of opposite sign (decoder). Training adds the nonlinear part.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bgswap.networks import FaceVAE

# The decoder ends in a sigmoid, so the targets are logits; pixels are clamped to this and 1 - this.
DARKEST = 0.03
# Distance of an encoder's channels above zero, as a share of their range.
HEADROOM = 0.1
SMALLEST_VARIANCE = 1e-4


@torch.no_grad()
def begin_as_pca(network: FaceVAE, faces: Tensor, kl_weight: float) -> None:
    """Set a VAE's weights, in place, to the PCA of these faces.

    Args:
        network: freshly initialised; unused channels keep their random weights.
        faces: (B, 3, 64, 64) float32 RGB in [0, 1], a few thousand.
        kl_weight: as in :func:`training.common.losses.vae_losses`.
    """
    z = _begin_encoder(network, faces, kl_weight)
    _begin_decoder(network, torch.logit(faces.clamp(DARKEST, 1 - DARKEST)), z)


def _begin_encoder(network: FaceVAE, faces: Tensor, kl_weight: float) -> Tensor:
    """Returns the faces' means in the latent space, (B, latent)."""
    layers = [layer for layer in network.encoder if isinstance(layer, nn.Conv2d)]
    shift = torch.zeros(faces.shape[1])
    for layer, (axes, turned) in zip(
        layers, _levels(faces, [layer.out_channels for layer in layers]), strict=True
    ):
        kept, blocks = axes.shape[0], axes.shape[1] // 4
        layer.weight[:kept] = 0
        layer.weight[:kept, :blocks, 1:3, 1:3] = axes.view(kept, blocks, 2, 2)
        low, high = turned.amin((0, 2, 3)), turned.amax((0, 2, 3))
        lift = (HEADROOM * (high - low) - low).clamp_min(0)
        layer.bias[:kept] = lift - axes @ shift.repeat_interleave(4)
        shift = lift
    features = torch.cat([network.encoder(part) for part in faces.split(256)])
    mean = features.mean(0)
    directions, spread, noise = _latent_axes(features, network.latent, kl_weight)
    project = directions * ((1 - noise).sqrt() / spread)
    network.to_mu.weight.copy_(project.T)
    network.to_mu.bias.copy_(-mean @ project)
    network.to_logvar.weight.zero_()
    network.to_logvar.bias.copy_(noise.log())
    return (features - mean) @ project


def _latent_axes(features: Tensor, latent: int, kl_weight: float) -> tuple[Tensor, Tensor, Tensor]:
    """Directions (D, latent), standard deviation of features (B, D) along each, posterior variance.

    Directions with a variance below half the weight of the KL divergence stay at the prior, as do
    those beyond the number of faces.
    """
    count = min(latent, *features.shape)
    _, lengths, axes = torch.pca_lowrank(features, q=min(count + 32, *features.shape), niter=3)
    directions = torch.zeros(features.shape[1], latent)
    spread, noise = torch.ones(latent), torch.ones(latent)
    directions[:, :count] = axes[:, :count]
    variance = (lengths[:count].square() / len(features)).clamp_min(SMALLEST_VARIANCE)
    spread[:count] = variance.sqrt()
    noise[:count] = (kl_weight / 2 / variance).clamp(SMALLEST_VARIANCE, 1)
    return directions, spread, noise


def _begin_decoder(network: FaceVAE, logits: Tensor, z: Tensor) -> None:
    """From the latent means (B, latent) of faces to their logits (B, 3, 64, 64)."""
    layers = [layer for layer in network.decoder if isinstance(layer, nn.ConvTranspose2d)]
    # From the picture inwards: values that pass a ReLU need two channels, the innermost one.
    widths = [layer.in_channels // 2 for layer in layers[:0:-1]] + [layers[0].in_channels]
    levels = _levels(logits, widths)
    features = levels[-1][1].flatten(1)
    mean = features.mean(0)
    network.from_latent.weight.copy_((features - mean).T @ z / len(z))
    network.from_latent.bias.copy_(mean)
    for depth, (layer, (axes, _)) in enumerate(zip(layers, reversed(levels), strict=True)):
        weight = axes.view(axes.shape[0], -1, 2, 2)
        if depth > 0:
            weight = torch.cat([weight, -weight])
        if depth < len(layers) - 1:
            weight = torch.cat([weight, -weight], 1)
        inputs, outputs = weight.shape[:2]
        layer.weight[:, :outputs] = 0
        layer.weight[:inputs, :outputs, 1:3, 1:3] = weight
        layer.bias.zero_()


def _levels(pictures: Tensor, widths: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
    """Blocks of 2 x 2 projected on their principal axes, level by level.

    Args:
        pictures: (B, C, H, W).
        widths: maximum number of axes on each level.

    Returns:
        For each level: orthonormal axes (kept, 4 C), and the projections (B, kept, H / 2, W / 2).
    """
    levels = []
    for width in widths:
        blocks = F.pixel_unshuffle(pictures, 2)
        rows = blocks.movedim(1, -1).flatten(0, -2)
        _, axes = torch.linalg.eigh(torch.cov(rows.T))
        axes = axes.flip(1)[:, :width].T.contiguous()
        pictures = torch.einsum("kc,bchw->bkhw", axes, blocks)
        levels.append((axes, pictures))
    return levels
