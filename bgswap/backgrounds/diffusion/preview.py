"""Previews during denoising: a linear map from latents to colors."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bgswap.backgrounds.diffusion import Pipeline
from bgswap.io.tensors import tensor_to_images

PATCH = 16


class LatentPreview:
    """The pipeline's estimate of the picture at the last step, one pixel for each latent.

    A hook on the UNet records its prediction, which gives the denoised latents for any scheduler.
    The map to colors is a least-squares fit of smooth random colors to their latents, so that one
    small encoding and no decoding is needed.
    """

    def __init__(self, pipe: Pipeline) -> None:
        self.pipe = pipe
        self._matrix = _latents_to_colors(pipe)
        self._last: tuple[Tensor, Tensor, Tensor] | None = None
        pipe.unet.register_forward_hook(self._record)

    def _record(self, unet: nn.Module, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        self._last = (inputs[0], inputs[1], output[0])

    def __call__(self) -> np.ndarray:
        """The first picture of the last step as (h, w, 3) uint8 RGB."""
        latents = self._clean_latents()
        # Early estimates overshoot: limit them to the latents' standard deviation of about 1.
        latents = latents / latents.std().clamp(min=1)
        colors = (_rows(latents) @ self._matrix).view(1, *latents.shape[-2:], 3)
        return tensor_to_images(colors.permute(0, 3, 1, 2).add(1).div(2))[0]

    def _clean_latents(self) -> Tensor:
        # The input of Stable Diffusion's UNets has unit variance, also where the scheduler scales
        # its latents: noisy = signal · clean + noise · epsilon, by the training schedule.
        if self._last is None:
            raise RuntimeError("the UNet has made no step yet")
        given, time, output = (tensor.detach().float().cpu() for tensor in self._last)
        noisy = given[:1, : output.shape[1]]
        if len(output) == 2:
            without, guided = output.chunk(2)
            output = without + self.pipe.guidance_scale * (guided - without)
        share = self.pipe.scheduler.alphas_cumprod[int(time)].cpu()
        signal, noise = share.sqrt(), (1 - share).sqrt()
        kind = self.pipe.scheduler.config.prediction_type
        if kind == "sample":
            return output
        if kind == "v_prediction":
            return signal * noisy - noise * output
        return (noisy - noise * output) / signal.clamp(min=1e-3)


def _latents_to_colors(pipe: Pipeline) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    colors = torch.rand(1, 3, PATCH, PATCH, generator=generator)
    size = PATCH * pipe.vae_scale_factor
    image = functional.interpolate(colors, (size, size), mode="bilinear").mul(2).sub(1)
    with torch.no_grad():
        given = image.to(pipe._execution_device, pipe.vae.dtype)
        latents = pipe._encode_vae_image(given, generator=generator).float().cpu()
    colors = functional.adaptive_avg_pool2d(image, latents.shape[-2:])
    return torch.linalg.lstsq(_rows(latents), _pixels(colors)).solution


def _pixels(image: Tensor) -> Tensor:
    return image.squeeze(0).flatten(1).T


def _rows(latents: Tensor) -> Tensor:
    pixels = _pixels(latents)
    return torch.cat([pixels, torch.ones(len(pixels), 1)], dim=1)
