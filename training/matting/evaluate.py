"""Evaluation of the matting network."""

import argparse

import cv2
import numpy as np
from tqdm import tqdm

from bgswap.matting.network import NetworkMatter
from training.common.data import PictureArchive, people_names, read_person
from training.common.evaluation import report, write_figures
from training.common.metrics import boundary_iou, iou
from training.mask_autoencoder.drawn_masks import damage

# Height of the pictures on the sheet, and how many there are.
SHOWN_HEIGHT, SHOWN = 192, 6


def evaluate_matting(args: argparse.Namespace) -> None:
    """Alphas of held-out people from damaged masks, compared with the damaged masks."""
    if not (args.weights / "model.safetensors").is_file():
        raise FileNotFoundError(f"no weights at {args.weights / 'model.safetensors'}")
    matter = NetworkMatter.from_folder(args.weights)
    archive = PictureArchive(args.people)
    stems = people_names(archive, "val")[: args.limit or None]
    if not stems:
        raise ValueError(f"no photo with a mask for val in {args.people}")
    rows: dict[str, list[dict[str, float]]] = {"damaged": [], "matting network": []}
    shown = []
    for number, stem in enumerate(tqdm(stems, desc="matting")):
        photo, mask = read_person(archive, stem)
        true = mask.astype(np.float32) / 255
        if not (true > 0.5).any():
            continue
        given, _ = damage(true, np.random.default_rng([args.seed, number]))
        alpha = matter.matte(photo, given)
        for name, found in (("damaged", given), ("matting network", alpha)):
            rows[name].append(alpha_scores(found, true))
        if len(shown) < SHOWN:
            shown.append(sheet_row(photo, given, alpha, true))
    table = {
        name: {score: float(np.mean([row[score] for row in some])) for score in some[0]}
        for name, some in rows.items()
    }
    report(args, "matting", table, {"sheet": np.vstack(shown)}, {"people": len(rows["damaged"])})
    if not args.no_card:
        found = table["matting network"]
        values = [
            ("iou", found["iou"], "IoU of the alpha, threshold one half"),
            ("iou", found["boundary_iou"], "boundary IoU of the alpha, threshold one half"),
            ("mae", found["mae"], "mean absolute error of the alpha"),
        ]
        people = f"{len(rows['damaged'])} people of {args.people.name} (val), masks damaged"
        write_figures(args.weights, "image-segmentation", people, table, values)


def alpha_scores(found: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """``iou``, ``boundary_iou`` and ``mae`` of alphas (H, W) float32 in [0, 1]."""
    error = float(np.abs(found - true).mean())
    return {"iou": iou(found, true), "boundary_iou": boundary_iou(found, true), "mae": error}


def sheet_row(photo: np.ndarray, *alphas: np.ndarray) -> np.ndarray:
    """A photo and alphas side by side, (SHOWN_HEIGHT, W, 3) uint8 RGB, padded to one width."""
    grey = [np.dstack([(alpha * 255).round().astype(np.uint8)] * 3) for alpha in alphas]
    side = SHOWN_HEIGHT
    squares = []
    for picture in (photo, *grey):
        scale = side / max(picture.shape[:2])
        size = tuple(max(1, round(scale * length)) for length in picture.shape[1::-1])
        square = np.zeros((side, side, 3), np.uint8)
        square[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        squares.append(square)
    return np.hstack(squares)
