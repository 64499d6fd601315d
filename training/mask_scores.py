"""How much the mask autoencoder mends, measured through the refiner that the product uses."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from bgswap.people.refiner import square_crop
from training.masks import Box, damage, mask_box
from training.metrics import boundary_iou, iou

CANVAS = 256
MEDIANS = (5, 9, 13, 17, 21)

# Masks (CANVAS, CANVAS) float32 and their boxes to as many refined masks.
Mender = Callable[[Sequence[np.ndarray], Sequence[Box]], list[np.ndarray]]


def person_crops(masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Masks (H, W) uint8 to the squares around their people: (CANVAS, CANVAS) float32 in [0, 1]."""
    unit = (mask.astype(np.float32) / 255 for mask in masks)
    return [square_crop(mask, mask_box(mask), CANVAS) for mask in unit]


def damage_all(
    crops: Sequence[np.ndarray], seed: int, rounds: int
) -> tuple[list[np.ndarray], list[np.ndarray], list[Box]]:
    """Every crop damaged ``rounds`` times: clean masks, damaged masks, detector's boxes."""
    clean, damaged, boxes = [], [], []
    for number, crop in enumerate(crops):
        for turn in range(rounds):
            rough, box = damage(crop, np.random.default_rng([seed, number, turn]))
            clean.append(crop)
            damaged.append(rough)
            boxes.append(box)
    return clean, damaged, boxes


def mean_scores(found: Sequence[np.ndarray], true: Sequence[np.ndarray]) -> dict[str, float]:
    """Mean IoU and mean boundary IoU (band: 2 % of the diagonal) of masks."""
    pairs = list(zip(found, true, strict=True))
    return {
        "iou": float(np.mean([iou(a, b) for a, b in pairs])),
        "boundary_iou": float(np.mean([boundary_iou(a, b) for a, b in pairs])),
    }


def score_masks(
    menders: dict[str, Mender], crops: Sequence[np.ndarray], seed: int = 0, rounds: int = 4
) -> dict[str, dict[str, float]]:
    """Scores of each mender: ``iou`` and ``boundary_iou`` after it, ``clean_iou`` of whole masks.

    The row ``damaged`` is what they were given.
    """
    clean, damaged, boxes = damage_all(crops, seed, rounds)
    table = {"damaged": mean_scores(damaged, clean) | {"clean_iou": 1.0}}
    whole = [mask_box(crop) for crop in crops]
    for name, mend in menders.items():
        row = mean_scores(mend(damaged, boxes), clean)
        table[name] = row | {"clean_iou": mean_scores(mend(crops, whole), crops)["iou"]}
    return table


def median_filter(size: int) -> Mender:
    """A median filter of ``size`` pixels."""

    def mend(masks: Sequence[np.ndarray], boxes: Sequence[Box]) -> list[np.ndarray]:
        whole = ((mask * 255).round().astype(np.uint8) for mask in masks)
        return [cv2.medianBlur(mask, size).astype(np.float32) / 255 for mask in whole]

    return mend
