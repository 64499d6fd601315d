"""Conversion of a scene model's UNet for OpenVINO, quantized to 8 bits by NNCF, and its timing."""

import json
import logging
import shutil
import statistics
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from bgswap.backgrounds.diffusion import bfloat16
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.diffusion.likeness import alike, likeness
from bgswap.backgrounds.diffusion.openvino_unet import OpenVinoUnet
from bgswap.models.prepared import CONFIG, NETWORK, Verdict, write_verdict
from bgswap.models.scene_parts import SceneParts
from bgswap.networks.inference import is_fast_in_bfloat16
from bgswap.presets import ScenePreset

log = logging.getLogger(__name__)

# Latents, time and text of one evaluation.
Inputs = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class PrepareConfig:
    """Numbers of the preparation.

    Attributes:
        prompts: scenes whose steps calibrate the 8 bit numbers: of all kinds that people ask for.
        checked: scenes by which the result is compared with torch.
        share_of_side: calibration runs on canvases of this share of the model's side, which takes
            a quarter of the time.
        photo_pixels: longer side of the drawn photo.
        timed: evaluations of which the median counts.
    """

    prompts: tuple[str, ...] = (
        "a beach at sunset",
        "a snowy mountain under a blue sky",
        "a city street at night with neon lights",
        "a white photo studio",
        "a living room with a sofa",
        "a green forest in the morning mist",
        "a wheat field",
        "a stone bridge over a river in autumn",
    )
    checked: tuple[str, ...] = ("a jungle at sunset", "snowy mountains", "a street in the rain")
    share_of_side: float = 0.5
    photo_pixels: int = 256
    timed: int = 3


CONFIG_OF_PREPARATION = PrepareConfig()


def prepare(preset: ScenePreset, folder: Path, parts: SceneParts, target: Path) -> Verdict:
    """Convert the UNet of a scene model, time it against torch, and record the verdict.

    Args:
        preset: a row of the presets' table.
        folder: of the pipeline.
        parts: its LoRA, which is fused, and its tiny autoencoder.
        target: a folder; it holds the converted UNet afterwards, or the error.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        plain = replace(parts, unet=None, safety=None)
        generator = SceneGenerator.load(preset, folder, "cpu", plain)
        verdict = convert(generator, partial)
    # Whatever the libraries raise: torch remains.
    except Exception as error:
        log.warning("the UNet of %s cannot be converted", folder, exc_info=True)
        verdict = Verdict(0.0, f"the conversion failed ({type(error).__name__})")
    write_verdict(partial, verdict)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    log.info("%s: %s", preset.name, verdict)
    return verdict


def convert(generator: SceneGenerator, folder: Path) -> Verdict:
    """Write the converted UNet of a scene model to a folder.

    In 8 bits where its scenes are like torch's (:mod:`likeness`), else in float32. Timed against
    torch as it would run here: on CPUs with AMX the generator's UNet is in bfloat16 afterwards.

    Args:
        generator: a scene model with a torch UNet.
        folder: takes the network and its configuration.
    """
    unet, steps = generator.pipe.unet, calibration_steps(generator)
    wanted = check_scenes(generator)
    (folder / CONFIG).write_text(json.dumps(dict(unet.config)), encoding="utf-8")
    for numbers in ("int8", "float32"):
        network = traced(unet, steps[0])
        save(quantized(network, steps) if numbers == "int8" else network, folder)
        converted = OpenVinoUnet.load(folder)
        generator.pipe.unet = converted
        scores = [likeness(*pair) for pair in zip(wanted, check_scenes(generator), strict=True)]
        generator.pipe.unet = unet
        log.info("%s: SSIM and mean difference to torch's scenes %s", numbers, scores)
        if alike(scores):
            side = generator.preset.side // generator.pipe.vae_scale_factor
            large = (torch.randn(1, steps[0][0].shape[1], side, side), *steps[0][1:])
            if is_fast_in_bfloat16():
                bfloat16.to_bfloat16(unet)  # as torch would run it
            return Verdict(_gain(unet, converted, large), numbers=numbers)
    return Verdict(0.0, "its scenes differ from those of torch")


def quantized(network: Any, steps: list[Inputs]) -> Any:
    """An OpenVINO model in 8 bits, calibrated with the inputs of some steps."""
    import nncf

    return nncf.quantize(
        network,
        nncf.Dataset(steps, lambda step: [tensor.numpy() for tensor in step]),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(steps),
    )


def save(network: Any, folder: Path) -> None:
    """Write an OpenVINO model, its float weights in 16 bits."""
    import openvino

    openvino.save_model(network, folder / NETWORK, compress_to_fp16=True)


def check_scenes(
    generator: SceneGenerator, config: PrepareConfig = CONFIG_OF_PREPARATION
) -> list[np.ndarray]:
    """The scenes by which a converted model is compared with torch, (h, w, 3) uint8 RGB."""
    small = _smaller(generator, config)
    return [
        _scene(small, seed, prompt, config)
        for seed, prompt in enumerate(config.checked, start=len(config.prompts))
    ]


def traced(unet: nn.Module, example: Inputs) -> Any:
    """A UNet as an OpenVINO model in float32, for latents of every size."""
    import openvino

    latents, _, text = example
    shapes = [[-1, latents.shape[1], -1, -1], [], [-1, *text.shape[1:]]]
    with torch.no_grad(), warnings.catch_warnings():
        # The tracer warns of branches on shapes; the sides of all canvases take the same ones.
        warnings.simplefilter("ignore")
        return openvino.convert_model(_Plain(unet), example_input=example, input=shapes)


class _Plain(nn.Module):
    """A UNet with positional inputs and one output."""

    def __init__(self, unet: nn.Module) -> None:
        super().__init__()
        self.unet = unet.eval()

    def forward(self, sample: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        output: Tensor = self.unet(sample, timestep, text, return_dict=False)[0]
        return output


def calibration_steps(
    generator: SceneGenerator, config: PrepareConfig = CONFIG_OF_PREPARATION
) -> list[Inputs]:
    """The inputs of the UNet at the steps of a few scenes around a drawn person.

    Args:
        generator: a scene model with a torch UNet.
        config: see :class:`PrepareConfig`.
    """
    steps: list[Inputs] = []

    def record(network: nn.Module, given: tuple[Any, ...], options: dict[str, Any]) -> None:
        text = options["encoder_hidden_states"]
        now = torch.tensor(float(given[1]))
        # With guidance the second half of the batch has the prompt.
        steps.append((given[0][-1:].clone(), now, text[-1:].clone()))

    small = _smaller(generator, config)
    handle = generator.pipe.unet.register_forward_pre_hook(record, with_kwargs=True)
    try:
        for seed, prompt in enumerate(config.prompts):
            _scene(small, seed, prompt, config)
    finally:
        handle.remove()
    return steps


def _smaller(generator: SceneGenerator, config: PrepareConfig) -> SceneGenerator:
    """The same model on smaller canvases."""
    side = round(generator.preset.side * config.share_of_side)
    return SceneGenerator(generator.pipe, replace(generator.preset, side=side))


def _scene(generator: SceneGenerator, seed: int, prompt: str, config: PrepareConfig) -> np.ndarray:
    """A scene around a drawn person, (h, w, 3) uint8 RGB."""
    scenes = generator.generate(
        *_drawn(seed, config.photo_pixels),
        prompt,
        negative_prompt="",
        seeds=[seed],
        steps=None,
        guidance_scale=None,
    )
    return scenes.images[0]


def _drawn(seed: int, pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo of smooth random colors, (H, W, 3) uint8, and the alpha of an upright ellipse."""
    colors = np.random.default_rng(seed).integers(0, 256, (8, 6, 3), np.uint8)
    width = round(pixels * 0.75)
    photo = cv2.resize(colors, (width, pixels), interpolation=cv2.INTER_CUBIC)
    alpha = np.zeros((pixels, width), np.float32)
    center = (round(width * (0.3 + 0.04 * seed)), round(pixels * 0.65))
    cv2.ellipse(alpha, center, (width // 6, pixels // 3), 0, 0, 360, 1.0, -1)
    return photo, alpha


def _gain(unet: Any, converted: Any, inputs: Inputs) -> float:
    """How many times faster the converted UNet is, by the medians of evaluations in turns."""
    times: dict[str, list[float]] = {"torch": [], "openvino": []}
    with torch.inference_mode():
        # The first of each warms up.
        for _ in range(CONFIG_OF_PREPARATION.timed + 1):
            for name, network in (("torch", unet), ("openvino", converted)):
                start = time.perf_counter()
                network(*inputs, return_dict=False)
                times[name].append(time.perf_counter() - start)
    return statistics.median(times["torch"][1:]) / statistics.median(times["openvino"][1:])
