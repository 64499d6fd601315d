"""Choose the thresholds for merging the mask autoencoder's output, and write them beside it.

    python -m training.mask_autoencoder.fit_belief --weights runs/mask-autoencoder/hub \\
        --candidates candidates

The data are the real masks in the part ``check`` of collected candidates (from training photos).
The thresholds with the highest gain in boundary IoU are chosen, provided that clean masks keep an
IoU of 0.995 and fewer than one mask in ten gets worse; without a gain nothing is written. The table
compares median filters, opening and closing, and a guided filter, also on each family of damage.
"""

import argparse
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from bgswap.detection.mask_autoencoder import MaskRefiner
from bgswap.detection.mask_squares import RefinerConfig
from bgswap.types import Box
from training.common.evaluation import as_table
from training.common.loop import command_parser, run_command
from training.common.metrics import boundary_iou, iou
from training.mask_autoencoder.mask_scores import RefineMasks, mean_scores, median_filter
from training.mask_autoencoder.real_masks import FAMILIES, Pair, load_pairs

log = logging.getLogger(__name__)
CLEAN, WORSE, MOST_WORSE = 0.995, 0.005, 0.1
DOUBTS, CONTRASTS, REACH = (0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65), (1.0, 3.0), 0.25


def unit(mask: np.ndarray) -> np.ndarray:
    """uint8 0 to 255 to float32 0 to 1."""
    return mask.astype(np.float32) / 255


def open_close(masks: Sequence[np.ndarray], boxes: Sequence[Box]) -> list[np.ndarray]:
    """Opening, then closing, with a disc of 5 pixels."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    opened = (cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc) for mask in masks)
    return [cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc) for mask in opened]


def guided(masks: Sequence[np.ndarray], boxes: Sequence[Box]) -> list[np.ndarray]:
    """A self-guided filter (He et al., ECCV 2010), radius 4, eps 0.1."""

    def mean(layer: np.ndarray) -> np.ndarray:
        return cv2.blur(layer, (9, 9))

    def one(mask: np.ndarray) -> np.ndarray:
        middle = mean(mask)
        variance = mean(mask * mask) - middle**2
        slope = variance / (variance + 0.1)
        return mean(slope) * mask + mean(middle * (1 - slope))

    return [one(mask) for mask in masks]


BASELINES: dict[str, RefineMasks] = {
    "median 5": median_filter(5),
    "median 9": median_filter(9),
    "median 13": median_filter(13),
    "open, close": open_close,
    "guided filter": guided,
}


def chosen(refiner: MaskRefiner, found: Sequence[Pair]) -> RefinerConfig | None:
    """The configuration with the highest gain; None where none meets the conditions.

    Args:
        refiner: its configuration is modified.
        found: pairs of real rough and true masks.
    """
    rough, true, boxes = parts(found)
    before = np.array([(iou(a, b), boundary_iou(a, b)) for a, b in zip(rough, true, strict=True)])
    best, gain = None, 0.0
    for doubt, contrast in ((d, c) for d in DOUBTS for c in CONTRASTS):
        refiner.config = RefinerConfig(doubt, min(doubt + REACH, 1.0), contrast)
        after = scored(refiner, rough, true, boxes)
        worse = float((after[:, 0] < before[:, 0] - WORSE).mean())
        gained, clean = (after - before).mean(0), scored(refiner, true, true, boxes)[:, 0].mean()
        words = f"IoU {gained[0]:+.4f}, boundary IoU {gained[1]:+.4f}, worse {worse:.0%}"
        log.info("%.2f, %.0f: %s, clean %.4f", doubt, contrast, words, clean)
        if gained[1] > gain and clean >= CLEAN and worse < MOST_WORSE:
            best, gain = refiner.config, float(gained[1])
    return best


def scored(
    refiner: MaskRefiner,
    masks: Sequence[np.ndarray],
    true: Sequence[np.ndarray],
    boxes: Sequence[Box],
) -> np.ndarray:
    """(N, 2): IoU and boundary IoU of each mask after refining."""
    refined = refiner.refine(masks, boxes)
    return np.array([(iou(a, b), boundary_iou(a, b)) for a, b in zip(refined, true, strict=True)])


def parts(found: Sequence[Pair]) -> tuple[list[np.ndarray], list[np.ndarray], list[Box]]:
    """Rough and true masks (S, S) float32 and boxes of pairs."""
    rough, true = [unit(p.rough) for p in found], [unit(p.true) for p in found]
    return rough, true, [p.box for p in found]


def families(methods: dict[str, RefineMasks], found: Sequence[Pair], seed: int = 0) -> dict:
    """Mean boundary IoU of each method on real masks and on each family of damage."""
    rough, true, boxes = parts(found)
    damaged = {"real": rough}
    for number, (name, damage) in enumerate(FAMILIES.items()):
        rng = np.random.default_rng([seed, number])
        damaged[name] = [damage(mask, rng) for mask in true]
    table: dict[str, dict[str, float]] = {}
    for name, refine in {"as it is": lambda masks, boxes: list(masks), **methods}.items():
        table[name] = {
            kind: mean_scores(refine(masks, boxes), true)["boundary_iou"]
            for kind, masks in damaged.items()
        }
    return table


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = command_parser("mask_autoencoder fit_belief", __doc__)
    parser.add_argument("--weights", type=Path, required=True, help="folder in Hub layout")
    parser.add_argument("--candidates", type=Path, required=True, help="collected candidates")
    options: argparse.Namespace = parser.parse_args(arguments)

    def work() -> None:
        found = load_pairs(options.candidates, "check")
        if not found:
            raise ValueError("no candidate shows a person whose whole mask is known")
        refiner = MaskRefiner.from_folder(options.weights)
        config = chosen(refiner, found)
        if config is None:
            log.info("no configuration gains anything: nothing is written")
        else:
            text = json.dumps(asdict(config), indent=2) + "\n"
            (options.weights / "calibration.json").write_text(text)
        refiner.config = config or RefinerConfig()
        print(as_table(families({**BASELINES, "mask autoencoder": refiner.refine}, found)))

    return run_command(work)


if __name__ == "__main__":
    raise SystemExit(main())
