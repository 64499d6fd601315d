"""Scenes of a UNet in 8 bits by OpenVINO, compared with those of torch in float32.

    python -m benchmarks.int8 [FOLDER] [--lora FOLDER] [--preset fast] [--sheet FILE]

Without FOLDER it takes the starter's UNet, otherwise a diffusers inpainting pipeline. The same
seeds give the same noise; the exit status is 1 where a scene is below SSIM 0.95 or its mean
difference is 3 levels or more. Needs the extra ``openvino``.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sheet import known_photo
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.diffusion.likeness import alike, likeness
from bgswap.backgrounds.diffusion.openvino_unet import OpenVinoUnet, compiled
from bgswap.backgrounds.diffusion.prepare import calibration_steps, quantized, traced
from bgswap.io import encoding
from bgswap.io.images import fit_within, open_photo
from bgswap.models import STARTER
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import PRESETS
from training.common.cards import markdown_table

# Of the calibration's kinds of scenes, in other words.
PROMPTS = ("a jungle at sunset", "snowy mountains", "a street in the rain", "a plain studio")


def scenes(generator: SceneGenerator, photo: np.ndarray, alpha: np.ndarray) -> list[np.ndarray]:
    """One scene for each prompt, its number being the seed."""
    return [
        generator.generate(
            photo,
            alpha,
            prompt,
            negative_prompt="",
            seeds=[seed],
            steps=None,
            guidance_scale=None,
        )[0]
        for seed, prompt in enumerate(PROMPTS)
    ]


def measure(generator: SceneGenerator) -> dict[str, Any]:
    """Both pictures of each scene and their scores; changes the UNet."""
    photo = fit_within(open_photo(known_photo("bus.jpg")), pixels=250_000)
    alpha = np.zeros(photo.shape[:2], np.float32)
    height, width = alpha.shape
    alpha[height // 3 :, width // 3 : width // 2] = 1
    plain = scenes(generator, photo, alpha)
    unet, steps = generator.pipe.unet, calibration_steps(generator)
    network = compiled(quantized(traced(unet, steps[0]), steps))
    generator.pipe.unet = OpenVinoUnet(network, dict(unet.config))
    int8 = scenes(generator, photo, alpha)
    scores = [likeness(*pair) for pair in zip(plain, int8, strict=True)]
    return {"plain": plain, "int8": int8, "scores": scores}


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and exit with the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="a pipeline; default: the starter")
    parser.add_argument("--lora", type=Path, metavar="FOLDER")
    parser.add_argument("--preset", choices=("fast", "draft"), default="fast")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="pictures of both, in pairs")
    options = parser.parse_args(arguments)
    if options.folder is None:
        generator = SceneGenerator.load(PRESETS["starter"], STARTER / "scene", "cpu")
    else:
        row = replace(PRESETS[options.preset], lora="given" if options.lora else "")
        generator = SceneGenerator.load(row, options.folder, "cpu", SceneParts(options.lora))
    found = measure(generator)
    rows = [
        [prompt, f"{ssim:.4f}", f"{mean:.2f}"]
        for prompt, (ssim, mean) in zip(PROMPTS, found["scores"], strict=True)
    ]
    print(markdown_table(["scene", "SSIM", "mean difference"], rows))
    if options.sheet:
        pairs = [np.hstack(pair) for pair in zip(found["plain"], found["int8"], strict=True)]
        encoding.save(np.vstack(pairs), options.sheet)
    sys.exit(not alike(found["scores"]))


if __name__ == "__main__":
    main()
