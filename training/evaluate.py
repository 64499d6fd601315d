"""Evaluate the trained models, and composed pictures.

    python -m training mask_autoencoder evaluate --people datasets/people.zip
    python -m training face_vae evaluate --data datasets/faces.zip
    python -m training matting evaluate --people datasets/people.zip
    python -m training detector evaluate --people datasets/people.zip \\
        --scenes datasets/scenes.zip
    python -m training scene evaluate --scenes datasets/scenes.zip
    python -m training swaps evaluate --photos in --results out --cutouts cut --real scenes

A table goes to the terminal; scores.json, a plot and sheets of pictures go to ``--out``; and the
figures go into the model card beside the weights, unless ``--no-card`` says otherwise.
"""

import argparse
from pathlib import Path
from typing import Any

import torch

from training.common.fid import INCEPTION
from training.common.loop import run_command
from training.common.swaps import evaluate_swaps
from training.detector.evaluate import evaluate_people
from training.face_vae.evaluate import evaluate_faces
from training.mask_autoencoder.evaluate import evaluate_masks
from training.matting.evaluate import evaluate_matting
from training.scene.evaluate import evaluate_scenes

MATTING = Path("bgswap/starter/matting")


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    style = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m training evaluate", description=__doc__.split("\n\n")[0]
    )
    kinds = parser.add_subparsers(dest="kind", required=True)

    def command(name: str, work: Any, weights: str | None) -> Any:
        """One subcommand with the common flags."""
        sub = kinds.add_parser(
            name, help=work.__doc__, description=work.__doc__, formatter_class=style
        )
        sub.set_defaults(work=work)
        out = "folder for JSON, plot and sheets (none: runs/evaluate-KIND)"
        sub.add_argument("--out", type=Path, help=out)
        if weights:
            shipped = Path("bgswap/starter") / weights
            sub.add_argument("--weights", type=Path, default=shipped, help="folder in Hub layout")
            sub.add_argument("--seed", type=int, default=0, help="of damage and samples")
            sub.add_argument("--no-card", action="store_true", help="leave the model card alone")
        return sub.add_argument

    features = (
        f"features of the FID: {INCEPTION}, or module:function that returns a torch module from "
        "(B, 3, 299, 299) uint8 to (B, num_features)"
    )
    add = command("mask-autoencoder", evaluate_masks, "mask-autoencoder")
    add("--people", type=Path, required=True, help="folder or zip with people/val")
    add("--rounds", type=int, default=4, help="damaged versions of each mask")
    add(
        "--noise-steps",
        type=int,
        default=300,
        help="training steps of the baseline on noise; 0: no baseline",
    )
    add = command("face-vae", evaluate_faces, "face-vae")
    add("--data", type=Path, required=True, help="faces, as in training.face_vae.train")
    add("--download", action="store_true", help="let torchvision fetch CelebA into --data")
    add("--limit", type=int, default=0, help="faces at most; 0: all that are held out")
    add("--features", default=INCEPTION, help=features)
    add = command("person-detector", evaluate_people, "person-detector")
    add("--people", type=Path, required=True, help="folder or zip with people/val")
    add("--scenes", type=Path, required=True, help="folder or zip with scenes/val")
    add("--matting", type=Path, default=MATTING, help="matting network, folder in Hub layout")
    add = command("matting", evaluate_matting, "matting")
    add("--people", type=Path, required=True, help="folder or zip with people/val")
    add("--limit", type=int, default=0, help="people at most; 0: all that are held out")
    add = command("scene", evaluate_scenes, "scene")
    add("--scenes", type=Path, required=True, help="folder or zip with scenes/{train,val}")
    add("--each", type=int, default=12, help="pictures to make of each class")
    add("--epochs", type=int, default=14, help="of the scene classifier")
    add("--side", type=int, default=256, help="of the pictures that are compared, in pixels")
    add("--classifier-side", type=int, default=128, help="of what the classifier sees, in pixels")
    add("--least", type=int, default=100, help="training pictures of a class that is judged")
    add = command("swaps", evaluate_swaps, None)
    add("--photos", type=Path, required=True, help="folder of the input photos")
    add("--results", type=Path, required=True, help="folder of the results, same names")
    add("--cutouts", type=Path, required=True, help="folder of the RGBA cut-outs, same names")
    add("--real", type=Path, help="folder of real pictures; gives the FID of the results")
    add("--features", default=INCEPTION, help=features)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    args = parser().parse_args(arguments)
    torch.manual_seed(getattr(args, "seed", 0))
    return run_command(lambda: args.work(args))


if __name__ == "__main__":
    raise SystemExit(main())
