"""Train the decoder of a trained scene model further, for finer detail.

    python -m training scene sharpen --data datasets/packed --start-from bgswap/starter/scene \\
        --out runs/decoder --seconds 3600 --export runs/decoder/scene

The second phase of the autoencoder's training (:mod:`training.scene.autoencoder`) alone: encoder,
UNet and text model stay as they are. A larger ``--share`` of the discriminator's gradient gives
more fine detail and less PSNR; both are logged for held-out pictures at the end.
"""

import argparse
from functools import partial
from pathlib import Path

import torch

from training.common.flags import add_track_flag
from training.common.loop import command_parser, run_command, train_for
from training.scene.autoencoder import PATCH, SHARP_RATE, SHARPNESS_SHARE, SharpTask
from training.scene.data.part_store import load_pictures
from training.scene.model import build_pipeline, export, load_weights
from training.scene.reconstruction import show_reconstructions
from training.scene.stages import stage_settings


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("scene sharpen", __doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder of the packed pictures")
    add("--start-from", type=Path, required=True, help="a trained pipeline, or a run's weights")
    add("--out", type=Path, required=True, help="where checkpoint and reconstructions go")
    add("--seconds", type=float, required=True, help="of training")
    add("--share", type=float, default=SHARPNESS_SHARE, help="of the discriminator's gradient")
    add("--patches", type=int, default=8, help="a step")
    add("--rate", type=float, default=SHARP_RATE, help="highest learning rate")
    add("--device", default="cpu", help="cpu, cuda")
    add("--bfloat16", action="store_true", help="on a CPU with instructions for it: twice as fast")
    add("--seed", type=int, default=0, help="of patches and discriminator")
    add("--resume", action="store_true", help="go on from OUT")
    add("--pictures", type=int, help="use only so many (to try things)")
    add("--export", type=Path, help="write the pipeline with the new decoder to this folder")
    add_track_flag(parser)
    parser.set_defaults(compile=False)
    return parser


def run(options: argparse.Namespace) -> None:
    """Train as the options say, and measure the reconstructions of held-out pictures."""
    torch.manual_seed(options.seed)
    pipeline = build_pipeline()
    load_weights(pipeline, options.start_from)
    pipeline.vae.to(options.device, memory_format=torch.channels_last)
    pictures = load_pictures(options.data, "train", options.device, options.pictures)
    task = SharpTask(
        pipeline.vae,
        partial(pictures.sharp_patches, side=PATCH),
        options.patches,
        options.rate,
        share=options.share,
        bfloat16=options.bfloat16,
    )
    train_for(task, stage_settings("decoder", options.out, options, options.seconds))
    task.take_average()
    held_out = load_pictures(options.data, "val", options.device, options.pictures)
    show_reconstructions(pipeline.vae, held_out, options.out / "reconstructions.jpg")
    if options.export:
        export(pipeline, options.export)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: run(options))


if __name__ == "__main__":
    raise SystemExit(main())
