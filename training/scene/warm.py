"""torch.compile's cache, filled before a training or beside it."""

import argparse
import logging

import torch
from diffusers import StableDiffusionInpaintPipeline

from training.scene.autoencoder import LATENTS, PATCH, AutoencoderTrainer
from training.scene.clock import Clock
from training.scene.data.batches import SceneBatches
from training.scene.data.latents import CROPS, PLACED_CELLS, SQUARE, Latents
from training.scene.data.wordings import EACH, LIT, PLAIN
from training.scene.diffusion import DiffusionTrainer
from training.scene.text import LENGTH

log = logging.getLogger(__name__)


def fill_cache(
    pipeline: StableDiffusionInpaintPipeline, options: argparse.Namespace, until: float
) -> None:
    """A few steps on random numbers: another process then finds everything compiled."""
    noise = AutoencoderTrainer(
        pipeline.vae,
        lambda n: 2 * torch.rand(n, 3, PATCH, PATCH, device=options.device) - 1,
        options.patches,
        compile_it=True,
    )
    noise.learn(Clock(until, 3))
    noise.sharpen(Clock(until, 3))
    log.info("autoencoder compiled")
    given = {"dtype": torch.bfloat16, "device": options.device}
    crops = {shape: torch.randn(4, n, LATENTS, *shape, **given) for shape, n in CROPS.items()}
    masks, people = (
        torch.ones(4, 1, PLACED_CELLS, PLACED_CELLS, **given),
        torch.randn(4, LATENTS, PLACED_CELLS, PLACED_CELLS, **given),
    )
    words = torch.zeros(4, PLAIN + LIT * EACH, LENGTH, dtype=torch.int16)
    data = SceneBatches(Latents(crops, masks, people, people[0]), words, ["any"] * 4, words[0, 0])
    data.shape = lambda: SQUARE
    trainer = DiffusionTrainer(pipeline, options.rate, compile_it=True)
    trainer.learn(data, options.batch, Clock(until, 3), 1e9, lambda: None)
    log.info("UNet compiled")
