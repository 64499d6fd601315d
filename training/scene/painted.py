"""Latents that the scene model itself paints, for its decoder to learn on."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionInpaintPipeline
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from training.scene.captions import scene_caption, studio_caption
from training.scene.data.part_store import STUDIO, Pictures
from training.scene.model import CELL, GUIDANCE, SIDE, STEPS

log = logging.getLogger(__name__)
BATCH = 8


@dataclass
class Painted:
    """Painted scenes.

    Attributes:
        latents: (N, 4, 64, 64) float32.
        halved: (N, 3, 128, 128) float32 in [-1, 1], what the decoder made of them before it was
            trained further, at half the size.
    """

    latents: Tensor
    halved: Tensor

    def patches(self, count: int, side: int) -> tuple[Tensor, Tensor]:
        """Windows of random scenes, the same one of latents and halved picture.

        Args:
            count: of windows.
            side: of the decoded window, in pixels.

        Returns:
            (count, 4, side / 4, side / 4) and (count, 3, side / 2, side / 2).
        """
        cells = side // CELL
        chosen = torch.randint(len(self.latents), (count,)).tolist()
        places = torch.randint(self.latents.shape[-1] - cells + 1, (count, 2)).tolist()
        windows = [
            (
                self.latents[n, :, y : y + cells, x : x + cells],
                self.halved[n, :, y * 2 : (y + cells) * 2, x * 2 : (x + cells) * 2],
            )
            for n, (y, x) in zip(chosen, places, strict=True)
        ]
        latents, halved = (torch.stack(part) for part in zip(*windows, strict=True))
        return latents, halved


def load_painted(
    pipeline: StableDiffusionInpaintPipeline,
    pictures: Pictures,
    count: int,
    path: Path,
    seed: int,
    resume: bool = False,
) -> Painted:
    """Paint scenes by captions of random pictures, or read what an earlier part of the run kept.

    Args:
        pipeline: the trained scene model, on the device that is to paint.
        pictures: whose classes and attributes are worded.
        count: of scenes.
        path: where the latents are kept.
        seed: of captions and noise.
        resume: read what was kept.

    Raises:
        ValueError: another number of scenes was kept.
    """
    device = pipeline.unet.device
    if resume and path.exists():
        latents = torch.load(path, weights_only=True)
    else:
        latents = _paint(pipeline, captions(pictures, count, np.random.default_rng(seed)), seed)
        torch.save(latents, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
    if len(latents) != count:
        raise ValueError(f"{path} holds {len(latents)} scenes, not {count}")
    with torch.no_grad():
        halved = [
            F.avg_pool2d(pipeline.vae.decode(part.to(device)).sample.float(), 2).clamp(-1, 1)
            for part in latents.split(BATCH)
        ]
    return Painted(latents.to(device), torch.cat(halved))


def captions(pictures: Pictures, count: int, rng: np.random.Generator) -> list[str]:
    """Captions of random pictures, every class as often as any other."""
    kinds = np.array(pictures.kinds)
    texts = []
    for kind in rng.choice(np.unique(kinds), count):
        chosen = rng.choice(np.flatnonzero(kinds == kind))
        said = [word for word in pictures.said[chosen] if word != "blurred"]
        if kind == STUDIO:
            texts.append(studio_caption(*said, rng))
        else:
            texts.append(scene_caption(kind, set(said), rng))
    return texts


def _paint(pipeline: StableDiffusionInpaintPipeline, texts: list[str], seed: int) -> Tensor:
    """(N, 4, 64, 64) float32 latents on the CPU, with the steps and guidance of the program."""
    gray, everything = Image.new("RGB", (SIDE,) * 2, (128,) * 3), Image.new("L", (SIDE,) * 2, 255)
    pipeline.set_progress_bar_config(disable=True)
    generator, parts = torch.Generator().manual_seed(seed), []
    for start in range(0, len(texts), BATCH):
        made = pipeline(
            prompt=texts[start : start + BATCH],
            image=gray,
            mask_image=everything,
            height=SIDE,
            width=SIDE,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=generator,
            output_type="latent",
        )
        parts.append(made.images.float().cpu())
        log.info("painted %d of %d scenes", min(start + BATCH, len(texts)), len(texts))
    return torch.cat(parts)
