"""Scene models in bfloat16 on CPUs that multiply matrices of it (AMX): about twice as fast.

UNet and autoencoder are converted. All else stays in float32: text model, latents, scheduler, the
ControlNet of ``careful``, the transformer of ``modern``, and SDXL's own autoencoder, which its
pipelines convert back for each picture.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from torch import nn

from bgswap.backgrounds.diffusion import Pipeline
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.diffusion.loading import NO_PARTS
from bgswap.models.scene_parts import SceneParts
from bgswap.networks.inference import is_fast_in_bfloat16
from bgswap.presets import ScenePreset

AUTOENCODER_PARTS = ("encoder", "decoder", "quant_conv", "post_quant_conv")


def load_in_fast_format(
    preset: ScenePreset, folder: Path, device: str, parts: SceneParts = NO_PARTS
) -> SceneGenerator:
    """:meth:`SceneGenerator.load`, in bfloat16 where :func:`is_fast_in_bfloat16` says so."""
    generator = SceneGenerator.load(preset, folder, device, parts)
    if device == "cpu" and is_fast_in_bfloat16():
        for network in _networks(generator.pipe, parts):
            to_bfloat16(network)
    return generator


def to_bfloat16(network: nn.Module) -> None:
    """Convert a network in place; callers still give it float32 and get float32."""
    network.to(torch.bfloat16).to(memory_format=torch.channels_last)
    network.register_forward_pre_hook(_inputs_to_bfloat16, with_kwargs=True)
    network.register_forward_hook(_outputs_to_float32)


def _networks(pipe: Pipeline, parts: SceneParts) -> Iterator[nn.Module]:
    """The networks of a pipeline that are converted."""
    unet, vae = (pipe.components.get(name) for name in ("unet", "vae"))
    if unet is not None and parts.unet is None:
        yield unet
    converted_back = hasattr(pipe, "text_encoder_2") and vae.config.get("force_upcast")
    if isinstance(vae, AutoencoderKL | AutoencoderTiny) and not converted_back:
        found = (getattr(vae, name, None) for name in AUTOENCODER_PARTS)
        yield from (network for network in found if network is not None)


def _inputs_to_bfloat16(
    module: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Pictures, text, residuals and guidance in bfloat16; times and sizes keep their digits."""
    inputs, options = _converted((inputs, options), torch.bfloat16, dimensions=3)
    guidance = _converted(options.get("timestep_cond"), torch.bfloat16)
    return inputs, options | ({} if guidance is None else {"timestep_cond": guidance})


def _outputs_to_float32(module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> Any:
    return _converted(outputs, torch.float32)


def _converted(value: Any, wanted: torch.dtype, dimensions: int = 0) -> Any:
    """Tensors of at least so many dimensions in a format, also in tuples, lists and mappings."""
    if torch.is_tensor(value) and value.is_floating_point() and value.ndim >= dimensions:
        return value.to(wanted)
    if isinstance(value, tuple | list):
        return type(value)(_converted(part, wanted, dimensions) for part in value)
    if isinstance(value, dict):
        parts = {name: _converted(part, wanted, dimensions) for name, part in value.items()}
        return type(value)(**parts)
    return value
