"""The stages of the scene model's training, one after the other on one clock."""

import argparse
import logging
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import StableDiffusionInpaintPipeline

from training.common import saved_states
from training.common.clock import Clock
from training.common.loop import train_for
from training.common.tasks import TimedSettings
from training.scene.autoencoder import PATCH, CopyTask, SharpTask
from training.scene.data.batches import SceneBatches
from training.scene.data.latents import Latents, compute_latents
from training.scene.data.part_store import Pictures, load_people, load_pictures
from training.scene.diffusion import DiffusionTask
from training.scene.model import STEPS
from training.scene.reconstruction import show_reconstructions
from training.scene.text import TextTask

log = logging.getLogger(__name__)
# The share of the autoencoder's time in which encoder and decoder learn together.
TOGETHER = 0.7
# Seconds that are kept back for writing the last weights and the last checkpoint.
ENDING = 15
# First steps of a process in which torch.compile works.
COMPILING = 3
# How each stage is trained; what the flags say comes beside it.
PHASE = {"schedule": "linear", "lowest": 0.01, "warmup": 50, "clip": 1.0}
STAGES: dict[str, dict[str, Any]] = {
    "autoencoder": PHASE,
    "decoder": PHASE | {"ema": 0.998},
    "text": {"schedule": "cosine"},
    "diffusion": PHASE | {"warmup": 150, "ema": 0.998},
}


def stage_settings(
    name: str,
    out: Path,
    options: argparse.Namespace,
    seconds: float = math.inf,
    steps: int = 0,
    **others: Any,
) -> TimedSettings:
    """How long and by which schedule a stage is trained; its checkpoints lie in ``OUT/NAME``."""
    folder = out / name
    return TimedSettings(
        folder,
        seconds=seconds,
        steps=steps,
        uncounted=COMPILING if options.compile and seconds < math.inf else 0,
        seed=options.seed,
        resume=options.resume and saved_states.newest(folder) is not None,
        cpu=options.device == "cpu",
        track=options.track,
        **STAGES[name] | others,
    )


def train_autoencoder(
    pipeline: StableDiffusionInpaintPipeline,
    pictures: Pictures,
    options: argparse.Namespace,
    clock: Clock,
) -> None:
    """Both phases; what it can do is shown and written."""
    patches = partial(pictures.sharp_patches, side=PATCH)
    end = min(options.seconds, clock.tick() + options.autoencoder_seconds)
    first = clock.seconds + TOGETHER * (end - clock.seconds)
    steps = options.steps or 0
    copying = CopyTask(pipeline.vae, patches, options.patches, compiled=options.compile)
    train_for(copying, stage_settings("autoencoder", options.out, options, first, steps), clock)
    torch.manual_seed(options.seed)
    copying.normalise()
    sharpening = SharpTask(pipeline.vae, patches, options.patches, compiled=options.compile)
    train_for(sharpening, stage_settings("decoder", options.out, options, end, steps), clock)
    sharpening.take_average()
    try:
        held_out = load_pictures(options.data, "val", options.device, options.pictures)
        show_reconstructions(pipeline.vae, held_out, options.export / "reconstructions.jpg")
    except (ValueError, OSError) as error:
        log.warning("no reconstructions: %s", error)


def prepare_latents(
    pipeline: StableDiffusionInpaintPipeline,
    pictures: Pictures,
    lights: np.ndarray,
    options: argparse.Namespace,
) -> Latents:
    """Latents of all pictures, computed or, on resuming, read."""
    kept = options.out / "latents.pt"
    if kept.exists() and options.resume:
        return Latents(**torch.load(kept, weights_only=True, map_location=options.device))
    torch.manual_seed(options.seed)
    people = load_people(options.data, options.pictures)
    latents = compute_latents(pipeline.vae, pictures, lights, people, options.placed)
    if options.keep_latents:
        torch.save(vars(latents), kept)
    return latents


def train_text(
    pipeline: StableDiffusionInpaintPipeline,
    data: SceneBatches,
    options: argparse.Namespace,
    clock: Clock,
) -> None:
    """The text model alone."""
    steps = options.text_steps
    torch.manual_seed(options.seed)
    task = TextTask(pipeline.text_encoder, data.sample, len(data.classes))
    settings = stage_settings("text", options.out, options, steps=steps, warmup=steps // 10)
    train_for(task, settings, clock)


def train_diffusion(
    pipeline: StableDiffusionInpaintPipeline,
    data: SceneBatches,
    options: argparse.Namespace,
    clock: Clock,
) -> None:
    """UNet and text model together, until the time is up."""
    task = DiffusionTask(
        pipeline,
        data,
        options.batch,
        options.rate,
        options.export,
        options.shown,
        min(STEPS, options.steps or STEPS),
        options.compile,
    )
    clock.tick()
    settings = stage_settings(
        "diffusion",
        options.out,
        options,
        max(options.seconds - ENDING, 1),
        options.steps or 0,
        interval=options.every,
    )
    train_for(task, settings, clock)
    task.draw_sheet()
