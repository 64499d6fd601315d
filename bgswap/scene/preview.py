"""A scene at a glance while it is being painted: latents to colours by one small matrix."""

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bgswap.tensors import tensor_to_images

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

PATCH = 16


class LatentPreview:
    """Latents of one autoencoder to small pictures, one pixel for each latent.

    The matrix is the least-squares fit from the autoencoder's own latents of random smooth
    colours to these colours: it costs one small encoding, and a decoding is never needed.
    """

    def __init__(self, pipe: "DiffusionPipeline") -> None:
        generator = torch.Generator().manual_seed(0)
        colours = torch.rand(1, 3, PATCH, PATCH, generator=generator)
        size = PATCH * pipe.vae_scale_factor
        image = functional.interpolate(colours, (size, size), mode="bilinear").mul(2).sub(1)
        image = image.to(pipe._execution_device, pipe.vae.dtype)
        with torch.no_grad():
            latents = pipe._encode_vae_image(image, generator=generator).float().cpu()
        colours = functional.adaptive_avg_pool2d(image.float().cpu(), latents.shape[-2:])
        self.matrix = torch.linalg.lstsq(_rows(latents), _colour_rows(colours)).solution

    def __call__(self, latents: Tensor) -> np.ndarray:
        """(1, C, h, w) latents to (h, w, 3) uint8 RGB."""
        latents = latents.detach().float().cpu()
        # Some schedulers carry noise far above the latents' own spread of about 1.
        latents = latents / latents.std().clamp(min=1)
        colours = (_rows(latents) @ self.matrix).view(1, *latents.shape[-2:], 3)
        return tensor_to_images(colours.permute(0, 3, 1, 2).add(1).div(2))[0]


def _colour_rows(image: Tensor) -> Tensor:
    return image.squeeze(0).flatten(1).T


def _rows(latents: Tensor) -> Tensor:
    rows = _colour_rows(latents)
    return torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
