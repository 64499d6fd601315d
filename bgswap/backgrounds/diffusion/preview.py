"""Previews during denoising: the estimate of the last step's latents, and their colors."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bgswap.backgrounds.diffusion import Pipeline
from bgswap.backgrounds.diffusion.traits import denoiser
from bgswap.io.tensors import tensor_to_images

PATCH = 16
# Latents a side above which a tiny autoencoder decodes means of 2 x 2: a quarter of the time.
LARGE = 40


class LatentPreview:
    """The pipeline's estimate of the picture at the last step.

    A hook on the denoiser records its prediction, which gives the denoised latents for any
    scheduler. A tiny autoencoder decodes them. Without one, a linear map gives a pixel for each
    latent: a least-squares fit of smooth random colors to their latents, so that one small encoding
    and no decoding is needed.
    """

    def __init__(self, pipe: Pipeline) -> None:
        from diffusers import AutoencoderTiny

        self.pipe = pipe
        self._matrix = None if isinstance(pipe.vae, AutoencoderTiny) else _latents_to_colors(pipe)
        self._last: tuple[Any, Any, Any] | None = None
        denoiser(pipe).register_forward_hook(self._record)

    def _record(self, network: nn.Module, inputs: tuple[Any, ...], output: tuple[Any, ...]) -> None:
        self._last = (inputs[0], inputs[1], output[0])

    def __call__(self) -> np.ndarray:
        """The first picture of the last step as (h, w, 3) uint8 RGB."""
        latents = self.clean_latents()
        # Early estimates overshoot: limit them to the latents' standard deviation of about 1.
        latents = latents / latents.std().clamp(min=1)
        if self._matrix is None:
            return self._decoded(latents)
        colors = (_rows(latents) @ self._matrix).view(1, *latents.shape[-2:], 3)
        return tensor_to_images(colors.permute(0, 3, 1, 2).add(1).div(2))[0]

    def _decoded(self, latents: Tensor) -> np.ndarray:
        vae = self.pipe.vae
        height, width = latents.shape[-2:]
        if max(height, width) > LARGE and not (height % 2 or width % 2):
            latents = functional.avg_pool2d(latents, 2)
        with torch.no_grad():
            given = (latents / vae.config.scaling_factor).to(vae.device, vae.dtype)
            picture = vae.decode(given, return_dict=False)[0]
        return tensor_to_images(picture.float().cpu().add(1).div(2))[0]

    def clean_latents(self) -> Tensor:
        """The denoised latents (1, C, h, w) of the first picture, in the pipeline's scale."""
        if self._last is None:
            raise RuntimeError("the denoiser has made no step yet")
        given, time, output = (_stacked(values) for values in self._last)
        if getattr(self.pipe, "unet", None) is None:
            return self._of_flow(given, time, output)
        return self._of_diffusion(given, time, output)

    def _of_flow(self, given: Tensor, time: Tensor, output: Tensor) -> Tensor:
        # Z-Image's transformer gets the share of the picture in the noisy latents as its time, and
        # predicts picture minus noise.
        if len(output) == 2:
            output = output[:1] + self.pipe.guidance_scale * (output[:1] - output[1:])
        return (given[:1] + (1 - time.flatten()[0]) * output).squeeze(2)

    def _of_diffusion(self, given: Tensor, time: Tensor, output: Tensor) -> Tensor:
        # The input of Stable Diffusion's UNets has unit variance, also where the scheduler scales
        # its latents: noisy = signal · clean + noise · epsilon, by the training schedule.
        noisy = given[:1, : output.shape[1]]
        if len(output) == 2:
            without, guided = output.chunk(2)
            output = without + self.pipe.guidance_scale * (guided - without)
        kind = self.pipe.scheduler.config.prediction_type
        if kind == "flow_prediction":
            # On the straight path (1 - t) · clean + t · epsilon, its direction from clean on.
            return noisy - float(time) / self.pipe.scheduler.config.num_train_timesteps * output
        share = self.pipe.scheduler.alphas_cumprod[int(time)].cpu()
        signal, noise = share.sqrt(), (1 - share).sqrt()
        if kind == "sample":
            return output
        if kind == "v_prediction":
            return signal * noisy - noise * output
        return (noisy - noise * output) / signal.clamp(min=1e-3)


def _stacked(values: Tensor | list[Tensor]) -> Tensor:
    tensor = torch.stack(values) if isinstance(values, list) else values
    return tensor.detach().float().cpu()


def _latents_to_colors(pipe: Pipeline) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    colors = torch.rand(1, 3, PATCH, PATCH, generator=generator)
    size = PATCH * pipe.vae_scale_factor
    image = functional.interpolate(colors, (size, size), mode="bilinear").mul(2).sub(1)
    with torch.no_grad():
        given = image.to(pipe._execution_device, pipe.vae.dtype)
        latents = _encoded(pipe.vae, given).float().cpu()
    height, width = latents.shape[-2:]
    colors = functional.adaptive_avg_pool2d(image, (height, width))
    return torch.linalg.lstsq(_rows(latents), _pixels(colors)).solution


def _encoded(vae: Any, image: Tensor) -> Tensor:
    """The latents of an image in [-1, 1], in the pipeline's scale."""
    encoded = vae.encode(image)
    latents: Tensor = (
        encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
    )
    return (latents - (vae.config.get("shift_factor") or 0.0)) * vae.config.scaling_factor


def _pixels(image: Tensor) -> Tensor:
    return image.squeeze(0).flatten(1).T


def _rows(latents: Tensor) -> Tensor:
    pixels = _pixels(latents)
    return torch.cat([pixels, torch.ones(len(pixels), 1)], dim=1)
