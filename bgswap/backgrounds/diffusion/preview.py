"""A scene at a glance while it is being painted: latents to colours by one small matrix."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bgswap.backgrounds.diffusion import Pipeline
from bgswap.io.tensors import tensor_to_images

PATCH = 16


class LatentPreview:
    """What a pipeline believes the picture to be at its last step, one pixel for each latent.

    It listens to the UNet: what that predicts gives the clean latents under the noise, whichever
    scheduler makes the steps. Their colours come from the least-squares fit of random smooth
    colours to the autoencoder's latents of them: one small encoding, and never a decoding.
    """

    def __init__(self, pipe: Pipeline) -> None:
        self.pipe = pipe
        self._matrix = _latents_to_colours(pipe)
        self._last: tuple[Tensor, Tensor, Tensor] | None = None
        pipe.unet.register_forward_hook(self._listen)

    def _listen(self, unet: nn.Module, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        self._last = (inputs[0], inputs[1], output[0])

    def __call__(self) -> np.ndarray:
        """The first picture of the last step as (h, w, 3) uint8 RGB."""
        latents = self._clean_latents()
        # The first guesses overshoot: hold them to the latents' own spread of about 1.
        latents = latents / latents.std().clamp(min=1)
        colours = (_rows(latents) @ self._matrix).view(1, *latents.shape[-2:], 3)
        return tensor_to_images(colours.permute(0, 3, 1, 2).add(1).div(2))[0]

    def _clean_latents(self) -> Tensor:
        # UNets of Stable Diffusion see latents of unit variance, even where the scheduler itself
        # carries others: noisy = signal · clean + noise · epsilon, by their training's schedule.
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


def _latents_to_colours(pipe: Pipeline) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    colours = torch.rand(1, 3, PATCH, PATCH, generator=generator)
    size = PATCH * pipe.vae_scale_factor
    image = functional.interpolate(colours, (size, size), mode="bilinear").mul(2).sub(1)
    with torch.no_grad():
        given = image.to(pipe._execution_device, pipe.vae.dtype)
        latents = pipe._encode_vae_image(given, generator=generator).float().cpu()
    colours = functional.adaptive_avg_pool2d(image, latents.shape[-2:])
    return torch.linalg.lstsq(_rows(latents), _pixels(colours)).solution


def _pixels(image: Tensor) -> Tensor:
    return image.squeeze(0).flatten(1).T


def _rows(latents: Tensor) -> Tensor:
    pixels = _pixels(latents)
    return torch.cat([pixels, torch.ones(len(pixels), 1)], dim=1)
