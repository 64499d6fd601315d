"""Train the scene model that ships: a small latent diffusion inpainting pipeline, from scratch.

    python -m training scene pack --scenes256 datasets/scenes256.zip \\
        --scenes datasets/scenes.zip --people datasets/people.zip --out datasets/packed
    python -m training scene train --data datasets/packed --out runs/scene --device cuda \\
        --seconds 560

Without a GPU: ``--device cpu --batch 16 --seconds 36000``; ``--resume`` goes on from ``OUT``,
``--start-from FOLDER`` from a trained pipeline's or a run's exported weights.

The pipeline is diffusers' own StableDiffusionInpaintPipeline and loads with
``AutoPipelineForInpainting.from_pretrained`` and nothing else. Stages, all inside ``--seconds``:

1. the autoencoder (:mod:`training.scene.autoencoder`), in ``--autoencoder-seconds``;
2. latents of every picture in several crops, aspects and lights;
3. the text model alone, for ``--text-steps`` steps (:mod:`training.scene.text`);
4. UNet and text model together (:mod:`training.scene.diffusion`) until the time is up; the learning
   rate is planned by the clock.

In half of the examples all is masked; in the rest a person cut from a photo is what is kept, and
the picture to make is the scene behind that person: the program puts the person back itself, and a
background that does not lean on the person never continues them.

Written as it goes, every ``--every`` seconds: ``OUT/state.pt`` to resume from; in ``--export``
(default ``OUT/export``) ``weights-N.safetensors``, ``sheet.jpg``, ``reconstructions.jpg`` and
``log.txt``. ``python -m training scene export EXPORT FOLDER`` makes a pipeline of them.
"""

import argparse
import logging
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionInpaintPipeline
from torch import Tensor

from training.scene.autoencoder import PATCH, AutoencoderTrainer
from training.scene.clock import Clock
from training.scene.data.batches import SceneBatches
from training.scene.data.latents import PLACED, Latents, compute_latents
from training.scene.data.part_store import Pictures, load_people, load_pictures
from training.scene.data.wordings import choose_lights, word_table
from training.scene.diffusion import DiffusionTrainer
from training.scene.model import (
    STEPS,
    build_pipeline,
    contact_sheet,
    load_weights,
    save_chunks,
)
from training.scene.reconstruction import show_reconstructions
from training.scene.text import pretrain_text, tokenize
from training.scene.warm import fill_cache

log = logging.getLogger(__name__)
# The share of the autoencoder's time in which encoder and decoder learn together.
TOGETHER = 0.7
# Seconds that are kept back for writing the last state.
ENDING = 15
# Every so many times that weights are written, a sheet and the whole state are too.
SHEETS = 2


def main(arguments: list[str] | None = None) -> None:
    """Command line of the training."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the packed pictures")
    parser.add_argument("--out", type=Path, required=True, help="where the state goes")
    parser.add_argument("--export", type=Path, help="where weights, log and sheets go")
    parser.add_argument("--seconds", type=float, required=True, help="of everything")
    parser.add_argument("--autoencoder-seconds", type=float, default=120)
    parser.add_argument("--text-steps", type=int, default=800)
    parser.add_argument("--every", type=float, default=60, help="seconds between states")
    parser.add_argument("--batch", type=int, default=256, help="of the diffusion stage")
    parser.add_argument("--patches", type=int, default=64, help="batch of the autoencoder")
    parser.add_argument("--rate", type=float, default=1e-3, help="highest learning rate")
    parser.add_argument("--device", default="cpu", help="cpu, cuda")
    parser.add_argument("--workers", type=int, default=0, help="processes that word captions")
    parser.add_argument("--threads", type=int, help="of torch; default: as torch chooses")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compile", action="store_true", help="use torch.compile")
    parser.add_argument(
        "--compile-only", action="store_true", help="fill torch.compile's cache and end"
    )
    parser.add_argument("--start-from", type=Path, help="weights to go on from")
    parser.add_argument("--resume", action="store_true", help="go on from OUT")
    parser.add_argument("--keep-latents", action="store_true", help="write OUT/latents.pt")
    parser.add_argument("--steps", type=int, help="most steps of a stage (to try things)")
    parser.add_argument("--shown", type=int, default=4, help="pictures of a prompt on the sheet")
    parser.add_argument("--pictures", type=int, help="use only so many (to try things)")
    parser.add_argument("--studios", type=int, default=8, help="of each colour and style")
    parser.add_argument("--placed", type=int, default=PLACED, help="masks with a person")
    run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> None:
    """Train as the options say."""
    until = time.monotonic() + options.seconds
    options.out.mkdir(parents=True, exist_ok=True)
    options.export = options.export or options.out / "export"
    options.export.mkdir(parents=True, exist_ok=True)
    files = [logging.FileHandler(options.export / "log.txt"), logging.StreamHandler()]
    if options.compile_only:
        files = files[1:]
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", handlers=files, force=True
    )
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    pipeline = build_pipeline()
    for part in (pipeline.unet, pipeline.vae):
        part.to(memory_format=torch.channels_last)
    pipeline.to(options.device)
    pipeline.vae.requires_grad_(True)
    if options.compile_only:
        fill_cache(pipeline, options, until)
        return
    train(pipeline, options, until)


def train(
    pipeline: StableDiffusionInpaintPipeline, options: argparse.Namespace, until: float
) -> None:
    """All stages that are not yet done."""
    coded, state = options.out / "autoencoder.pt", options.out / "state.pt"
    going_on = options.resume and coded.exists()
    if options.start_from and not going_on:
        load_weights(pipeline, options.start_from)
    pictures = load_pictures(
        options.data, "train", options.device, options.pictures, options.studios
    )
    log.info("%d pictures", len(pictures))
    lights = choose_lights(pictures.kinds, options.seed)
    told = pictures.kinds, pictures.said, lights
    words = word_table(*told, options.seed, options.workers)
    if going_on:
        pipeline.vae.load_state_dict(
            torch.load(coded, weights_only=True, map_location=options.device)
        )
    elif not options.start_from:
        train_autoencoder(pipeline, pictures, options, until)
    torch.save(pipeline.vae.state_dict(), coded)
    pipeline.vae.requires_grad_(False)
    latents = prepare(pipeline, pictures, lights, options)
    empty = tokenize(pipeline.tokenizer, [""])[0]
    data = SceneBatches(latents, words(), pictures.kinds, empty, options.seed)
    log.info("latents and captions of %d pictures", len(pictures))
    trainer = DiffusionTrainer(pipeline, options.rate, options.compile)
    if options.resume and state.exists():
        trainer.load(state)
    elif not options.start_from:
        pretrain_text(pipeline.text_encoder, data.sample, len(data.classes), options.text_steps)
        trainer = DiffusionTrainer(pipeline, options.rate, options.compile)
    clock = Clock(until - ENDING, options.steps, trainer.done, trainer.step)
    trainer.learn(data, options.batch, clock, options.every, lambda: write(trainer, options))
    write(trainer, options, last=True)
    log.info("done")


def train_autoencoder(
    pipeline: StableDiffusionInpaintPipeline,
    pictures: Pictures,
    options: argparse.Namespace,
    until: float,
) -> None:
    """Both phases; what it can do is shown and written."""
    sharp = torch.nonzero(pictures.sharp)[:, 0]

    def patches(count: int) -> Tensor:
        chosen = sharp[torch.randint(len(sharp), (count,), device=sharp.device)]
        return pictures.patches(chosen, PATCH)

    start = time.monotonic()
    trainer = AutoencoderTrainer(pipeline.vae, patches, options.patches, compile_it=options.compile)
    end = min(until, start + options.autoencoder_seconds)
    trainer.learn(Clock(start + TOGETHER * (end - start), options.steps))
    trainer.sharpen(Clock(end, options.steps))
    try:
        held_out = load_pictures(options.data, "val", options.device, options.pictures)
        show_reconstructions(pipeline.vae, held_out, options.export / "reconstructions.jpg")
    except (ValueError, OSError) as error:
        log.warning("no reconstructions: %s", error)


def prepare(
    pipeline: StableDiffusionInpaintPipeline,
    pictures: Pictures,
    lights: np.ndarray,
    options: argparse.Namespace,
) -> Latents:
    """Latents of all pictures, computed or, on resuming, read."""
    kept = options.out / "latents.pt"
    if kept.exists() and options.resume:
        return Latents(**torch.load(kept, weights_only=True, map_location=options.device))
    people = load_people(options.data, options.pictures)
    latents = compute_latents(pipeline.vae, pictures, lights, people, options.placed)
    if options.keep_latents:
        torch.save(vars(latents), kept)
    return latents


def write(trainer: DiffusionTrainer, options: argparse.Namespace, last: bool = False) -> None:
    """Write the exported weights; every second time also a contact sheet and the state."""
    start = time.monotonic()
    parts = trainer.averaged() | {"vae": trainer.pipeline.vae.state_dict()}
    save_chunks(parts, options.export)
    trainer.writes += 1
    if last or trainer.writes % SHEETS == 0:
        draw(trainer, options)
        trainer.save(options.out / "state.pt")
    log.info("written at step %d in %.1f s", trainer.step, time.monotonic() - start)


def draw(trainer: DiffusionTrainer, options: argparse.Namespace) -> None:
    """A contact sheet of the averaged weights."""
    try:
        steps = min(STEPS, options.steps or STEPS)
        sheet = options.export / "sheet.jpg"
        contact_sheet(trainer.averaged_pipeline(), sheet, options.shown, steps)
    except RuntimeError as error:
        log.warning("no contact sheet: %s", error)


if __name__ == "__main__":
    main()
