"""Metrics of mask refinement, measured through the program's refiner."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import torch
from torch.nn import functional as F
from tqdm import trange

from bgswap.detection.mask_squares import square_crop
from bgswap.networks import MaskAutoencoder
from bgswap.types import Box
from training.common.initialise import he_initialise
from training.common.metrics import boundary_iou, iou
from training.mask_autoencoder.drawn_masks import damage, mask_box

CANVAS = 256

# Masks (CANVAS, CANVAS) float32 and their boxes to as many refined masks.
RefineMasks = Callable[[Sequence[np.ndarray], Sequence[Box]], list[np.ndarray]]


def person_crops(masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Masks (H, W) uint8 to the squares around their people: (CANVAS, CANVAS) float32 in [0, 1]."""
    unit = (mask.astype(np.float32) / 255 for mask in masks)
    return [square_crop(mask, mask_box(mask), CANVAS) for mask in unit]


def damage_all(
    crops: Sequence[np.ndarray], seed: int, rounds: int
) -> tuple[list[np.ndarray], list[np.ndarray], list[Box]]:
    """``rounds`` damaged versions of each crop: clean masks, damaged masks, detector's boxes."""
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
    methods: dict[str, RefineMasks], crops: Sequence[np.ndarray], seed: int = 0, rounds: int = 4
) -> dict[str, dict[str, float]]:
    """Scores of each method: ``iou`` and ``boundary_iou`` after it, ``clean_iou`` of whole masks.

    The row ``damaged`` holds the scores of the input.
    """
    clean, damaged, boxes = damage_all(crops, seed, rounds)
    table = {"damaged": mean_scores(damaged, clean) | {"clean_iou": 1.0}}
    whole = [mask_box(crop) for crop in crops]
    for name, refine in methods.items():
        row = mean_scores(refine(damaged, boxes), clean)
        table[name] = row | {"clean_iou": mean_scores(refine(crops, whole), crops)["iou"]}
    return table


def median_filter(size: int) -> RefineMasks:
    """A median filter of ``size`` pixels."""

    def refine(masks: Sequence[np.ndarray], boxes: Sequence[Box]) -> list[np.ndarray]:
        whole = ((mask * 255).round().astype(np.uint8) for mask in masks)
        return [cv2.medianBlur(mask, size).astype(np.float32) / 255 for mask in whole]

    return refine


def noise_autoencoder(side: int, steps: int, seed: int = 0) -> MaskAutoencoder:
    """A baseline: the same network trained to reconstruct random noise.

    Args:
        side: of the pictures of noise, in pixels.
        steps: of Adam, 8 pictures each.
        seed: of weights and noise.
    """
    torch.manual_seed(seed)
    network = he_initialise(MaskAutoencoder(side=side))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.002)
    for _ in trange(steps, desc="baseline on noise"):
        noise = torch.rand(8, 1, side, side)
        loss = F.mse_loss(network(noise), noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def mask_sheet(clean: np.ndarray, damaged: np.ndarray, refined: np.ndarray) -> np.ndarray:
    """One row of a sheet, (H, 3 W, 3) uint8 RGB: damaged, refined, and the refined mask's errors.

    In the third picture false negatives are red and false positives are blue.
    """
    found, true = refined > 0.5, clean > 0.5
    errors = np.full((*clean.shape, 3), 255, np.uint8) * (found & true)[..., None]
    errors[true & ~found] = (230, 60, 50)
    errors[found & ~true] = (60, 120, 240)
    grey = ((mask * 255).round().astype(np.uint8) for mask in (damaged, refined))
    return np.hstack([*(np.dstack([mask] * 3) for mask in grey), errors])
