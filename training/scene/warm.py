"""Filling of torch.compile's cache before a training."""

import argparse
import logging
import tempfile
from pathlib import Path

import torch
from diffusers import StableDiffusionInpaintPipeline

from training.common.loop import train_for
from training.scene.autoencoder import LATENTS, PATCH, CopyTask, SharpTask
from training.scene.data.batches import SceneBatches
from training.scene.data.latents import CROPS, PLACED_CELLS, SQUARE, Latents
from training.scene.data.wordings import EACH, LIT, PLAIN
from training.scene.diffusion import DiffusionTask
from training.scene.stages import stage_settings
from training.scene.text import LENGTH

log = logging.getLogger(__name__)


def fill_cache(pipeline: StableDiffusionInpaintPipeline, options: argparse.Namespace) -> None:
    """A few steps on random numbers: another process then finds everything compiled."""

    def noise(count: int) -> torch.Tensor:
        return 2 * torch.rand(count, 3, PATCH, PATCH, device=options.device) - 1

    given = {"dtype": torch.bfloat16, "device": options.device}
    crops = {shape: torch.randn(4, n, LATENTS, *shape, **given) for shape, n in CROPS.items()}
    masks, people = (
        torch.ones(4, 1, PLACED_CELLS, PLACED_CELLS, **given),
        torch.randn(4, LATENTS, PLACED_CELLS, PLACED_CELLS, **given),
    )
    words = torch.zeros(4, PLAIN + LIT * EACH, LENGTH, dtype=torch.int16)
    data = SceneBatches(Latents(crops, masks, people, people[0]), words, ["any"] * 4, words[0, 0])
    data.shape = lambda: SQUARE
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        tasks = {
            "autoencoder": CopyTask(pipeline.vae, noise, options.patches, compiled=True),
            "decoder": SharpTask(pipeline.vae, noise, options.patches, compiled=True),
            "diffusion": DiffusionTask(
                pipeline, data, options.batch, options.rate, out, shown=0, compiled=True
            ),
        }
        for name, task in tasks.items():
            train_for(task, stage_settings(name, out, options, steps=3))
            log.info("%s compiled", name)
