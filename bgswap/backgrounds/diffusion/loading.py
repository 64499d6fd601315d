"""A diffusers inpainting pipeline from its folder, made ready as a preset says."""

import functools
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from bgswap.backgrounds.diffusion import Pipeline
from bgswap.backgrounds.diffusion.devices import lay_on, number_format
from bgswap.errors import ModelUnavailable
from bgswap.models.checks import FILES, components, read_index
from bgswap.models.registry import resolve
from bgswap.models.scene_parts import SceneParts
from bgswap.options import rows
from bgswap.presets import ScenePreset

log = logging.getLogger(__name__)

NO_PARTS = SceneParts()
# Least and greatest values of the figures in starter.json beside those of the options.
BOUNDS = {"side": (32, 2048), "margin": (0, 15)}


def load_pipeline(
    preset: ScenePreset, folder: Path, device: str, parts: SceneParts = NO_PARTS
) -> Pipeline:
    """Load, fuse the LoRA, set the scheduler, move to the device. Local safetensors only.

    Args:
        preset: class of the pipeline, scheduler, and whether a LoRA belongs to it.
        folder: as ``save_pretrained`` writes it.
        device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        parts: the LoRA, the tiny autoencoder in place of the pipeline's own; with a safety checker
            among them, the pipeline's own is not loaded.

    Raises:
        ModelUnavailable: something is missing or broken.
    """
    if not (folder / "model_index.json").is_file():
        raise ModelUnavailable(f"The {preset.name} scene model is not there: no model_index.json")
    lora = parts.lora
    if preset.lora and (lora is None or not lora.exists()):
        raise ModelUnavailable(f"The {preset.name} scene model needs its LoRA, and there is none")
    _quiet_libraries()
    try:
        pipe = _read(preset, folder, number_format(device, preset.gpu_format), parts)
        if preset.lora and lora is not None and parts.unet is None:
            _fuse(pipe, lora)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        log.warning("cannot load the scene model in %s: %s", folder, error)
        raise ModelUnavailable(
            f"The {preset.name} scene model cannot be loaded: its files are incomplete or broken"
        ) from error
    _set_scheduler(pipe, preset)
    lay_on(pipe, device)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def read_parameters(preset: ScenePreset, folder: Path) -> ScenePreset:
    """The preset with the figures that ``starter.json`` in the model's folder gives.

    Raises:
        ModelUnavailable: the file is missing or broken, or a figure is out of bounds.
    """
    try:
        figures = {"margin": 0} | json.loads((folder / "starter.json").read_text(encoding="utf-8"))
        bounds = BOUNDS | {name: rows()[name].bounds for name in ("steps", "guidance_scale")}
        for name, (least, most) in bounds.items():
            if not least <= figures[name] <= most:
                raise ValueError(f"{name} is {figures[name]}, not {least} to {most}")
        return replace(
            preset,
            side=int(figures["side"]),
            steps=int(figures["steps"]),
            guidance_scale=float(figures["guidance_scale"]),
            margin=int(figures["margin"]),
            vocabulary=frozenset(word for entry in figures["vocabulary"] for word in entry.split()),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(
            f"The {preset.name} scene model's starter.json cannot be read: {error}"
        ) from error


def _read(preset: ScenePreset, folder: Path, dtype: torch.dtype, parts: SceneParts) -> Pipeline:
    from diffusers import AutoencoderTiny

    replaced: dict[str, Any] = {}
    if parts.decoder is not None:
        replaced["vae"] = AutoencoderTiny.from_pretrained(
            parts.decoder, dtype=dtype, use_safetensors=True, local_files_only=True
        )
    if parts.unet is not None:
        from bgswap.backgrounds.diffusion.openvino_unet import OpenVinoUnet

        replaced["unet"] = OpenVinoUnet.load(parts.unet)
    if parts.safety is not None and "safety_checker" in components(read_index(folder)):
        replaced |= {"safety_checker": None, "requires_safety_checker": False}

    halves = "diffusion_pytorch_model.fp16.safetensors"
    only_halves = (folder / "unet" / halves).is_file() and not (
        folder / "unet" / halves.replace(".fp16", "")
    ).is_file()
    return resolve(f"{preset.pipeline}.from_pretrained")(
        folder,
        dtype=dtype,
        variant="fp16" if only_halves else None,
        use_safetensors=True,
        local_files_only=True,
        **replaced,
    )


def _fuse(pipe: Pipeline, lora: Path) -> None:
    file = lora / FILES["lora"][0] if lora.is_dir() else lora
    pipe.load_lora_weights(str(file.parent), weight_name=file.name, local_files_only=True)
    pipe.fuse_lora()
    pipe.unload_lora_weights()


def _set_scheduler(pipe: Pipeline, preset: ScenePreset) -> None:
    from diffusers import DPMSolverMultistepScheduler, LCMScheduler

    if preset.scheduler == "lcm":
        pipe.scheduler = LCMScheduler.from_config(pipe.scheduler.config)
    elif preset.scheduler == "dpmsolver++":
        pipe.scheduler = DPMSolverMultistepScheduler.from_config(
            pipe.scheduler.config, algorithm_type="dpmsolver++", use_karras_sigmas=True
        )


@functools.cache
def _quiet_libraries() -> None:
    # What they would log (a cut prompt, a refused picture, a missing checker) the generator says
    # in its notes and errors.
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    for library in (diffusers_logging, transformers_logging):
        library.disable_progress_bar()
        library.set_verbosity_error()
