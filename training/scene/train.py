"""Train the scene model that ships: a small latent diffusion inpainting pipeline, from scratch.

    python -m training scene pack --scenes256 datasets/scenes256.zip \\
        --scenes datasets/scenes.zip --people datasets/people.zip --out datasets/packed
    python -m training scene train --data datasets/packed --out runs/scene --device cuda \\
        --seconds 560

Without a GPU: ``--device cpu --batch 16 --seconds 36000``. ``--resume`` goes on from ``OUT`` with
the other flags as they were; ``--start-from FOLDER`` begins with a trained pipeline's or a run's
exported weights.

The pipeline is diffusers' own StableDiffusionInpaintPipeline and loads with
``AutoPipelineForInpainting.from_pretrained`` and nothing else. Stages
(:mod:`training.scene.stages`), all inside ``--seconds``, over which the learning rates fall:

1. the autoencoder (:mod:`training.scene.autoencoder`), in ``--autoencoder-seconds``;
2. latents of every picture in several crops, aspects and lights;
3. the text model alone, for ``--text-steps`` steps (:mod:`training.scene.text`);
4. UNet and text model together (:mod:`training.scene.diffusion`) until the time is up.

In half of the examples all is masked; in the rest a person cut from a photo is what is kept, and
the picture to make is the scene behind that person: the program puts the person back itself, and a
background that does not lean on the person never continues them.

Written as it goes: each stage's checkpoint in ``OUT``; every ``--every`` seconds in ``--export``
(default ``OUT/export``) ``weights-N.safetensors``, ``sheet.jpg``, ``reconstructions.jpg`` and
``log.txt``. ``python -m training scene export EXPORT FOLDER`` makes a pipeline of them.
"""

import argparse
import logging
from pathlib import Path

import torch
from diffusers import StableDiffusionInpaintPipeline

from training.common.clock import Clock
from training.common.flags import add_track_flag
from training.common.loop import command_parser, run_command
from training.scene.data.batches import SceneBatches
from training.scene.data.latents import PLACED
from training.scene.data.part_store import load_pictures
from training.scene.data.wordings import choose_lights, word_table
from training.scene.model import build_pipeline, load_weights
from training.scene.stages import (
    prepare_latents,
    train_autoencoder,
    train_diffusion,
    train_text,
)
from training.scene.text import tokenize
from training.scene.warm import fill_cache

log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("scene train", __doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of the packed pictures")
    add("--out", type=Path, required=True, help="where the state goes")
    add("--export", type=Path, help="where weights, log and sheets go")
    add("--seconds", type=float, required=True, help="of everything")
    add("--autoencoder-seconds", type=float, default=120, help="of these, for the autoencoder")
    add("--text-steps", type=int, default=800, help="of the text model alone; 0: none")
    add("--every", type=float, default=60, help="seconds between two exports")
    add("--batch", type=int, default=256, help="of the diffusion stage")
    add("--patches", type=int, default=64, help="batch of the autoencoder")
    add("--rate", type=float, default=1e-3, help="highest learning rate")
    add("--device", default="cpu", help="cpu, cuda")
    add("--workers", type=int, default=0, help="processes that word captions")
    add("--threads", type=int, help="of torch; default: as torch chooses")
    add("--seed", type=int, default=0, help="of weights and pictures")
    add("--compile", action="store_true", help="use torch.compile")
    add("--compile-only", action="store_true", help="fill torch.compile's cache and end")
    add("--start-from", type=Path, help="weights to go on from")
    add("--resume", action="store_true", help="go on from OUT")
    add_track_flag(parser)
    add("--keep-latents", action="store_true", help="write OUT/latents.pt")
    add("--steps", type=int, help="most steps of a stage (to try things)")
    add("--shown", type=int, default=4, help="pictures of a prompt on the sheet")
    add("--pictures", type=int, help="use only so many (to try things)")
    add("--studios", type=int, default=8, help="of each color and style")
    add("--placed", type=int, default=PLACED, help="masks with a person")
    return parser


def run(options: argparse.Namespace, clock: Clock | None = None) -> None:
    """Train as the options say.

    Args:
        options: as parsed.
        clock: of the whole training; a real one if None.
    """
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
    if options.compile_only:
        fill_cache(pipeline, options)
    else:
        train(pipeline, options, clock or Clock())
    log.info("done")


def train(
    pipeline: StableDiffusionInpaintPipeline, options: argparse.Namespace, clock: Clock
) -> None:
    """All stages; those that a run before has finished give their weights at once."""
    pictures = load_pictures(
        options.data, "train", options.device, options.pictures, options.studios
    )
    log.info("%d pictures", len(pictures))
    lights = choose_lights(pictures.kinds, options.seed)
    words = word_table(pictures.kinds, pictures.said, lights, options.seed, options.workers)
    if options.start_from:
        load_weights(pipeline, options.start_from)
    else:
        pipeline.vae.requires_grad_(True)
        train_autoencoder(pipeline, pictures, options, clock)
    pipeline.vae.requires_grad_(False)
    latents = prepare_latents(pipeline, pictures, lights, options)
    empty = tokenize(pipeline.tokenizer, [""])[0]
    data = SceneBatches(latents, words(), pictures.kinds, empty)
    log.info("latents and captions of %d pictures", len(pictures))
    if options.text_steps and not options.start_from:
        train_text(pipeline, data, options, clock)
    train_diffusion(pipeline, data, options, clock)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
