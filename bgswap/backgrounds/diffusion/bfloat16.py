"""Scene models in bfloat16, on CPUs that multiply matrices of it (AMX): two to five times as fast.

Text model, latents and scheduler stay in float32.
"""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.diffusion.loading import NO_PARTS
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import ScenePreset


def load(
    preset: ScenePreset, folder: Path, device: str, parts: SceneParts = NO_PARTS
) -> SceneGenerator:
    """:meth:`SceneGenerator.load`, with UNet and autoencoder in bfloat16 where that is faster."""
    generator = SceneGenerator.load(preset, folder, device, parts)
    if device == "cpu" and is_fast_on_cpu():
        unet, vae = (generator.pipe.components.get(name) for name in ("unet", "vae"))
        unet = unet if parts.unet is None else None
        for network in (unet, getattr(vae, "encoder", None), getattr(vae, "decoder", None)):
            if network is not None:
                lower(network)
    return generator


def is_fast_on_cpu() -> bool:
    """Whether this CPU has AMX instructions for bfloat16; False where torch cannot tell.

    Other CPUs that know the format (AVX-512 BF16) are slower with it than in float32.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16"))


def lower(network: nn.Module) -> None:
    """Convert a network to bfloat16, in place; its inputs and outputs remain float32.

    A pipeline may convert it back, as that of SDXL does with its autoencoder.
    """
    network.to(torch.bfloat16).to(memory_format=torch.channels_last)
    network.register_forward_pre_hook(_lowered, with_kwargs=True)
    network.register_forward_hook(_raised)


def _lowered(
    module: nn.Module, inputs: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Pictures, text and residuals in the network's format; times and sizes as they are."""
    wanted = next(module.parameters()).dtype
    converted = _converted((inputs, options), wanted, dimensions=3)
    return converted[0], converted[1]


def _raised(module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> Any:
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
