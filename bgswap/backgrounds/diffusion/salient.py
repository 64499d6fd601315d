"""Inpainting with a ControlNet that knows where the kept people are."""

from typing import Any

import torch
from diffusers.pipelines.controlnet.pipeline_controlnet_inpaint import (
    StableDiffusionControlNetInpaintPipeline,
)
from torch import Tensor, nn

# Of the ControlNet's residuals; the authors' example uses them in full.
CONTROL_SCALE = 1.0


class SalientControlPipeline(StableDiffusionControlNetInpaintPipeline):
    """Stable Diffusion inpainting with a salient-object-aware ControlNet.

    For the ControlNet of *Salient Object-Aware Background Generation using Text-Guided Diffusion
    Models* (Eshratifar et al., 2024), which keeps the scene from enlarging the people. Its control
    image is the mask. Its input is that of the inpainting UNet, 9 channels: noisy latents, mask and
    latents of the masked picture; the base class gives a ControlNet the noisy latents alone.
    """

    def __call__(self, *, mask_image: Tensor, **call: Any) -> Any:
        """Generate a picture, with the arguments of diffusers' inpainting pipelines.

        Args:
            mask_image: (B, 1, H, W) float32, 1 where the model paints, 0 on the people.
            call: see the base class.
        """
        handle = self.controlnet.register_forward_pre_hook(self._complete)
        try:
            return super().__call__(
                mask_image=mask_image,
                control_image=mask_image.expand(-1, 3, -1, -1),
                controlnet_conditioning_scale=CONTROL_SCALE,
                **call,
            )
        finally:
            handle.remove()

    def prepare_mask_latents(self, *arguments: Any, **more: Any) -> tuple[Tensor, Tensor]:
        """The base class's mask and latents of the masked picture, kept for the ControlNet."""
        self._masked: tuple[Tensor, Tensor] = super().prepare_mask_latents(*arguments, **more)
        return self._masked

    def _complete(self, network: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        noisy, *others = inputs
        return torch.cat([noisy, *self._masked], dim=1), *others
