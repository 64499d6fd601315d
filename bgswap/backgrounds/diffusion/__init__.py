"""Scenes painted by a diffusers inpainting pipeline."""

from typing import Any

# diffusers declares none of a pipeline's own parts (unet, vae, scheduler ...) on DiffusionPipeline.
Pipeline = Any
