"""Measure the project's own networks, and finished pictures.

    python -m training.evaluate mask-autoencoder --people shared/data/people.zip
    python -m training.evaluate face-vae --data shared/data/faces.zip
    python -m training.evaluate swaps --photos in --results out --cutouts cut --real scenes

A table goes to the terminal; scores.json, a plot and sheets of pictures go to ``--out``; and the
figures go into the model card beside the weights, unless ``--no-card`` says otherwise.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from bgswap.networks import FaceVAE, MaskAutoencoder
from bgswap.people.refiner import MaskRefiner
from training.cards import Figure, markdown_table, put_figures
from training.face_scores import face_sheets, make_faces, score_faces
from training.faces import open_faces, to_side
from training.fid import INCEPTION, Fid, frechet_distance, load_features
from training.loop import run_command
from training.mask_autoencoder import read_masks
from training.mask_scores import (
    damage_all,
    mask_sheet,
    median_filter,
    noise_autoencoder,
    person_crops,
    score_masks,
)
from training.plots import Table, draw_bars
from training.swap_scores import read_all, score_kept

MEDIAN = 9


def load_network(kind: type, folder: Path) -> Any:
    """A network of ours with the weights of a Hub folder, in eval mode.

    Raises:
        FileNotFoundError: there are none.
        ValueError: they do not fit.
    """
    if not (folder / "model.safetensors").is_file():
        raise FileNotFoundError(f"no weights at {folder / 'model.safetensors'}")
    try:
        return kind.from_pretrained(str(folder), strict=True).eval()
    except RuntimeError as error:
        raise ValueError(f"the weights in {folder} do not fit: {error}") from error


def evaluate_masks(args: argparse.Namespace) -> None:
    """Damaged against refined, through the product's refiner, beside what else one might do."""
    network = load_network(MaskAutoencoder, args.weights)
    crops = person_crops(read_masks(args.people, "val"))
    if not crops:
        raise ValueError(f"no person masks for val in {args.people}")
    refiner = MaskRefiner(network)
    menders = {f"median filter {MEDIAN}": median_filter(MEDIAN)}
    if args.noise_steps:
        baseline = noise_autoencoder(network.side, args.noise_steps, args.seed)
        menders["trained on noise"] = MaskRefiner(baseline).refine
    menders["mask autoencoder"] = refiner.refine
    table = score_masks(menders, crops, args.seed, args.rounds)
    clean, damaged, boxes = damage_all(crops[:: max(1, len(crops) // 12)], args.seed, 1)
    refined = refiner.refine(damaged, boxes)
    rows = [mask_sheet(*each) for each in zip(clean, damaged, refined, strict=True)]
    sheet = np.vstack([np.hstack(rows[i : i + 2]) for i in range(0, len(rows) - 1, 2)])
    report(args, "mask-autoencoder", table, {"sheet": sheet}, {"masks": len(crops)})
    if not args.no_card:
        dataset = f"{len(crops)} held-out person masks, 256 pixels, damaged {args.rounds} times"
        mended, given = table["mask autoencoder"], table["damaged"]
        values = {
            "iou": (mended["iou"], "IoU after refining"),
            "iou_gain": (mended["iou"] - given["iou"], "IoU gained"),
            "boundary_iou": (mended["boundary_iou"], "boundary IoU after refining"),
            "boundary_iou_gain": (
                mended["boundary_iou"] - given["boundary_iou"],
                "boundary IoU gained",
            ),
            "clean_iou": (mended["clean_iou"], "IoU of whole masks after refining"),
        }
        write_figures(args.weights, "image-segmentation", dataset, table, values)


def evaluate_faces(args: argparse.Namespace) -> None:
    """Reconstruction, restoration and samples on held-out faces."""
    network = load_network(FaceVAE, args.weights)
    held_out = open_faces(args.data, "val", args.download)
    count = min(len(held_out), args.limit or len(held_out))
    pictures = make_faces(network, [to_side(held_out[n]) for n in range(count)], args.seed)
    table = score_faces(pictures)
    features, name = load_features(args.features)
    distances = {
        part: frechet_distance(pictures.true, made, features, name)
        for part, made in (
            ("reconstructions", pictures.rows["reconstruction"]),
            ("samples", pictures.samples),
        )
    }
    extra = {"faces": count, "fid": {part: fid.as_dict() for part, fid in distances.items()}}
    report(args, "face-vae", table, face_sheets(pictures), extra)
    if not args.no_card:
        values = {
            f"{metric}_{short}": (table[row][metric], f"{metric.upper()}, {row}")
            for row, short in (("reconstruction", "reconstruction"), ("restored", "restored"))
            for metric in ("ssim", "mse")
        }
        values |= {
            f"fid_{part}": (fid.value, f"FID of {part}, {fid.features}")
            for part, fid in distances.items()
            if fid.value is not None
        }
        notes = [fid_in_words(part, fid) for part, fid in distances.items()]
        dataset = f"{count} held-out CelebA faces, 64 pixels"
        write_figures(args.weights, "image-to-image", dataset, table, values, notes)


def evaluate_swaps(args: argparse.Namespace) -> None:
    """Kept regions of finished pictures, and their distance from real pictures."""
    rows = score_kept(args.photos, args.results, args.cutouts)
    names = ("ssim", "mse", "kept")
    mean = {name: float(np.mean([row[name] for row in rows.values()])) for name in names}
    table = rows | {"mean": mean}
    extra = {}
    if args.real:
        features, name = load_features(args.features)
        fid = frechet_distance(read_all(args.real), read_all(args.results), features, name)
        extra["fid"] = {"results": fid.as_dict()}
    report(args, "swaps", table, {}, extra)


def report(
    args: argparse.Namespace,
    name: str,
    table: Table,
    sheets: Mapping[str, np.ndarray],
    extra: Mapping[str, Any],
) -> None:
    """The table to the terminal; JSON, plot and sheets to the folder ``args.out``."""
    out = args.out or Path("runs") / f"evaluate-{name}"
    out.mkdir(parents=True, exist_ok=True)
    print(as_table(table))
    for part, fid in extra.get("fid", {}).items():
        print(fid_in_words(part, Fid(**fid)))
    scores = {"scores": table, **extra}
    (out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    draw_bars(table, out / "scores.png")
    for sheet, picture in sheets.items():
        cv2.imwrite(str(out / f"{sheet}.png"), picture[..., ::-1])
    print(f"scores.json, scores.png and {len(sheets)} sheets are in {out}")


def as_table(table: Table) -> str:
    """Scores as a markdown table, a row a method."""
    names = list(next(iter(table.values())))
    rows = [[key, *(f"{row[name]:.4f}" for name in names)] for key, row in table.items()]
    return markdown_table(["", *(name.replace("_", " ") for name in names)], rows)


def fid_in_words(part: str, fid: Fid) -> str:
    """One line about a distance, or about why there is none."""
    number = "" if fid.value is None else f"{fid.value:.2f} "
    note = f" {fid.note}" if fid.note else ""
    return f"FID of {part}: {number}({fid.features}, {fid.pictures} pictures){note}"


def write_figures(
    folder: Path,
    task: str,
    dataset: str,
    table: Table,
    values: Mapping[str, tuple[float, str]],
    notes: Sequence[str] = (),
) -> None:
    """The scores into the model card beside the weights."""
    text = "\n".join([f"Measured on {dataset}.", "", as_table(table), "", *notes])
    figures = [Figure(task, dataset, key, value, name) for key, (value, name) in values.items()]
    put_figures(folder, text, figures)


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    style = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate", description=__doc__.split("\n\n")[0]
    )
    kinds = parser.add_subparsers(dest="kind", required=True)

    def command(name: str, work: Any, weights: str | None) -> Any:
        """One subcommand with the flags that all have."""
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
    add("--rounds", type=int, default=4, help="how often to damage every mask")
    add("--noise-steps", type=int, default=300, help="of the baseline on noise; 0 leaves it out")
    add = command("face-vae", evaluate_faces, "face-vae")
    add("--data", type=Path, required=True, help="faces, as in training.face_vae")
    add("--download", action="store_true", help="let torchvision fetch CelebA into --data")
    add("--limit", type=int, default=0, help="faces at most; 0: all that are held out")
    add("--features", default=INCEPTION, help=features)
    add = command("swaps", evaluate_swaps, None)
    add("--photos", type=Path, required=True, help="folder of the photos that went in")
    add("--results", type=Path, required=True, help="folder of what came out, same names")
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
