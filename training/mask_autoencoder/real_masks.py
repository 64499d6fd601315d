"""Pairs of a detector's rough masks and true masks, from collected candidates."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from bgswap.detection.mask_squares import square_crop, square_of
from bgswap.detection.second_stage import SecondStageConfig, candidate_window
from bgswap.types import Box
from training.common.metrics import iou
from training.detector.candidates import (
    RGB,
    ROUGH,
    SOMEBODY,
    TRUE,
    WEIGHT,
    CandidateConfig,
    Candidates,
)
from training.mask_autoencoder.drawn_masks import mask_box, put_spot, smooth_noise

# Minimum IoU of a pair: below, the mask shows another person or a small part, and the shape alone
# does not determine the rest.
LEAST_IOU = 0.5
# Side in pixels of the stored squares.
KEPT = 128


@dataclass(frozen=True, eq=False)
class Pair:
    """rough, true: (S, S) uint8, 255 is the person; box: the detector's, in pixels of both."""

    rough: np.ndarray
    true: np.ndarray
    box: Box


def pairs(candidates: Candidates, side: int = KEPT) -> list[Pair]:
    """The refiner's square crops of all candidates whose true mask is completely known."""
    chosen = np.flatnonzero(candidates.entries["kind"] == SOMEBODY)
    every = (pair_of(candidates.crop(n), candidates.entries["box"][n], side) for n in chosen)
    return [pair for pair in every if pair is not None]


def pair_of(crop: np.ndarray, box: np.ndarray, side: int = KEPT) -> Pair | None:
    """The refiner's square crops of one stored crop; None where it is not usable."""
    inside = (crop[:, :, RGB] != 128).any(axis=2)
    if (crop[:, :, WEIGHT] > 0)[inside].mean() < 0.99:
        return None
    corners = tuple(float(v) for v in box)
    x, y, width, height = candidate_window(corners, SecondStageConfig(), CandidateConfig().grown)
    left, top, length = square_of(corners)
    scale, step = side / length, (width / crop.shape[1], height / crop.shape[0])
    shift = ((x - left) * scale, (y - top) * scale)
    middle = [(scale * s - 1) / 2 for s in step]
    matrix = np.array(
        [[scale * step[0], 0, shift[0] + middle[0]], [0, scale * step[1], shift[1] + middle[1]]]
    )
    masks = np.ascontiguousarray(crop[:, :, [ROUGH, TRUE]])
    rough, true = np.moveaxis(cv2.warpAffine(masks, matrix, (side, side)), 2, 0)
    if iou(rough / 255, true / 255) < LEAST_IOU:
        return None
    x0, y0, x1, y1 = ((v - o) * scale for v, o in zip(corners, (left, top) * 2, strict=True))
    return Pair(np.ascontiguousarray(rough), np.ascontiguousarray(true), (x0, y0, x1, y1))


class RealMasks(Dataset):
    """Pairs (1, side, side) float32 of real rough and true masks, mixed with synthetic damage.

    Args:
        found: real pairs.
        others: samples of the same form with synthetic damage.
        share: of real pairs.
    """

    def __init__(self, found: list[Pair], others: Dataset, share: float = 0.5) -> None:
        self.found, self.others, self.share = found, others, share

    def __len__(self) -> int:
        return len(self.others)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([23, self.others.seed, self.others.start + number])
        if rng.random() >= self.share:
            return self.others[number]
        pair = self.found[rng.integers(len(self.found))]
        rough, true = (np.float32(mask) / 255 for mask in (pair.rough, pair.true))
        if rng.random() < 0.4:  # one of the families of synthetic damage instead
            name = str(rng.choice(list(FAMILIES)))
            rough = FAMILIES[name](true, rng)
        box = pair.box
        if rng.random() < 0.5:
            rough, true = (np.ascontiguousarray(mask[:, ::-1]) for mask in (rough, true))
            box = (len(rough) - box[2], box[1], len(rough) - box[0], box[3])
        side = self.others.side
        cut = (square_crop(mask, box, side)[None] for mask in (rough, true))
        rough, true = (torch.from_numpy(np.ascontiguousarray(mask)) for mask in cut)
        return rough, true


def as_prototypes(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask (S, S) float32 as by official YOLOv8: a grid of 160 cells, thresholded, clipped."""
    side, (x0, y0, x1, y1) = len(mask), (round(v) for v in mask_box(mask))
    share = rng.uniform(0.25, 1.0)  # of the photo's longer side that the person takes
    cells = max(8, round(160 * share * side / max(x1 - x0, y1 - y0)))
    small = cv2.resize(mask, (cells, cells), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), rng.uniform(1.0, 2.5))
    logits = 6 * (small - 0.5) + rng.uniform(0.8, 2.5) * smooth_noise(rng, cells // 3, cells)
    large = cv2.resize(logits, (side, side), interpolation=cv2.INTER_LINEAR)
    found = np.zeros_like(mask)
    found[y0:y1, x0:x1] = large[y0:y1, x0:x1] > 0
    return found


def with_spots(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask (S, S) float32 with holes and islands."""
    damaged, (x0, y0, x1, y1) = mask.copy(), mask_box(mask)
    size = max(x1 - x0, y1 - y0)
    for value, count in ((0.0, rng.integers(2, 5)), (1.0, rng.integers(1, 4))):
        places = np.argwhere((mask > 0.5) != (value > 0.5))
        for _ in range(count if len(places) else 0):
            y, x = places[rng.integers(len(places))]
            put_spot(damaged, (int(x), int(y)), size * rng.uniform(0.02, 0.09), value, rng)
    return damaged


def with_grey(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask (S, S) float32 as the mean of two predictions with differing parts and edges."""
    side = len(mask)
    soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.01, 0.02) * side)
    passes = [np.float32(soft + 0.25 * smooth_noise(rng, 12, side) > 0.5) for _ in range(2)]
    lost = smooth_noise(rng, 5, side) > rng.uniform(1.0, 1.8)
    passes[0][lost] = 0
    return (passes[0] + passes[1]) / 2


# Families of synthetic damage.
FAMILIES: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "prototypes": as_prototypes,
    "spots": with_spots,
    "two passes": with_grey,
}


def load_pairs(folder: Path, part: str) -> list[Pair]:
    """The pairs of a part of collected candidates.

    Raises:
        FileNotFoundError: there are no candidates.
    """
    return pairs(Candidates(folder, part))
