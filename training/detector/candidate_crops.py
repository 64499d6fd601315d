"""Training crops for the second stage: stored candidates with random augmentation."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from bgswap.io.tensors import images_to_tensor, masks_to_tensor
from bgswap.mask_ops import GREY
from training.detector.candidates import (
    NOBODY,
    OTHERS,
    RGB,
    ROUGH,
    SOMEBODY,
    SOURCES,
    TRUE,
    UNCLEAR,
    WEIGHT,
    CandidateConfig,
    Candidates,
)
from training.synthesis.camera import camera


@dataclass(frozen=True)
class VariationConfig:
    """Augmentation of crops; as in the second stage's first training."""

    # Standard deviations: logarithm of the zoom, of the aspect, degrees, share of the sides.
    zoom: float = 0.08
    aspect: float = 0.04
    turn: float = 5.0
    shift: float = 0.025
    # Shares of false positives, and of true positives from composed pictures, from photos with
    # masks and from photos with boxes only; unclear candidates are not drawn.
    shares: tuple[float, float, float, float] = (0.2, 0.27, 0.41, 0.12)
    # Probabilities of a photometric change, of a side cut off as by the photo's border, and of an
    # empty mask of the others.
    camera: float = 0.6
    border: float = 0.12
    no_others: float = 0.12
    # Probabilities of a rough mask that is dilated or eroded by up to ``reach`` pixels, and of one
    # that is clipped at the top or bottom.
    moved: float = 0.2
    reach: int = 5
    clipped: float = 0.1


@dataclass(frozen=True)
class Batch:
    """Crops and their ground truth.

    Attributes:
        inputs: (B, 5, H, W) float32, as :class:`bgswap.networks.PersonUNet` takes them.
        true: (B, 1, H, W) float32 in [0, 1], the person's mask.
        weight: (B, 1, H, W) float32, weight of each pixel in the loss; 0 for false positives.
        somebody: (B,) float32, 1 where the crop shows a person.
        clear: (B,) float32, 1 where ``somebody`` is known.
    """

    inputs: Tensor
    true: Tensor
    weight: Tensor
    somebody: Tensor
    clear: Tensor


class CropSource:
    """Draws batches of augmented crops.

    Args:
        candidates: to draw from.
        size: (height, width) of the crops, pixels.
        config: how often which are drawn, and how far they are varied.

    Raises:
        ValueError: all candidates are unclear.
    """

    def __init__(
        self,
        candidates: Candidates,
        size: tuple[int, int],
        config: VariationConfig | None = None,
    ) -> None:
        self.candidates, self.size = candidates, size
        self.config = config or VariationConfig()
        kinds, sources = candidates.entries["kind"], candidates.entries["source"]
        somebody = [(kinds == SOMEBODY) & (sources == source) for source in range(len(SOURCES))]
        groups = [kinds == NOBODY, *somebody]
        odds = sum(
            share * group / max(np.count_nonzero(group), 1)
            for share, group in zip(self.config.shares, groups, strict=True)
        )
        if not odds.any():
            raise ValueError("all candidates are unclear: none is known to show a person or not")
        self.odds = odds / odds.sum()

    def draw(self, count: int, seed: int) -> Batch:
        """``count`` candidates, picked and varied by the chances of a seed."""
        rng, light = np.random.default_rng([11, seed]), torch.Generator().manual_seed(seed)
        picked = rng.choice(len(self.candidates), size=count, p=self.odds)
        layers = [varied(self.candidates.crop(n), self.size, rng, self.config) for n in picked]
        batch = batch_of(layers, self.candidates.entries["kind"][picked])
        lit = torch.rand(count, generator=light) < self.config.camera
        inside = (batch.inputs[:, :3] != 0).any(1, keepdim=True)
        photo = camera((batch.inputs[:, :3] * 128 + 128) / 255, light)
        changed = ((photo * 255 - 128) / 128) * inside
        batch.inputs[:, :3] = torch.where(lit[:, None, None, None], changed, batch.inputs[:, :3])
        return batch


def still(candidates: Candidates, picked: Sequence[int], size: tuple[int, int]) -> Batch:
    """Candidates as in the program, without augmentation."""
    layers = [varied(candidates.crop(n), size) for n in picked]
    return batch_of(layers, candidates.entries["kind"][list(picked)])


def batch_of(layers: Sequence[np.ndarray], kinds: np.ndarray) -> Batch:
    """A batch of crops (H, W, 7) uint8 and their kinds."""
    photos = (images_to_tensor([one[:, :, RGB] for one in layers]) * 255 - GREY) / GREY
    rough, others, true, weight = (
        masks_to_tensor([one[:, :, layer].astype(np.float32) / 255 for one in layers])
        for layer in (ROUGH, OTHERS, TRUE, WEIGHT)
    )
    somebody = torch.from_numpy(np.float32(kinds == SOMEBODY))
    clear = torch.from_numpy(np.float32(kinds != UNCLEAR))
    weight = weight * somebody[:, None, None, None]
    return Batch(torch.cat([photos, rough, others], 1), true, weight, somebody, clear)


def varied(
    crop: np.ndarray,
    size: tuple[int, int],
    rng: np.random.Generator | None = None,
    config: VariationConfig | None = None,
) -> np.ndarray:
    """A stored crop (240, 160, 7) uint8 at the network's size, with random augmentation.

    Args:
        crop: as stored.
        size: (height, width) of the result.
        rng: random generator; None: no augmentation.
        config: of the augmentation.
    """
    config = config or VariationConfig()
    if rng is not None and rng.random() < config.border:
        crop = _cut_off(crop, rng)
    matrix = _movement(size, rng, config)
    photo = cv2.warpAffine(
        np.ascontiguousarray(crop[:, :, RGB]), matrix, size[::-1], borderValue=(GREY,) * 3
    )
    masks = cv2.warpAffine(np.ascontiguousarray(crop[:, :, ROUGH:]), matrix, size[::-1])
    layers = np.dstack([photo, masks])
    return layers if rng is None else _damaged(layers, rng, config)


def _movement(
    size: tuple[int, int], rng: np.random.Generator | None, config: VariationConfig
) -> np.ndarray:
    """(2, 3) affine map from a stored crop to the network's input."""
    stored, grown = CandidateConfig().stored, CandidateConfig().grown
    linear = np.diag([size[1] * grown / stored[1], size[0] * grown / stored[0]])
    shift = np.zeros(2)
    if rng is not None:
        zoom = rng.normal(0, config.zoom) + rng.normal(0, config.aspect, 2)
        linear = linear @ np.diag(np.exp(zoom))
        turn = np.deg2rad(rng.normal(0, config.turn))
        linear = linear @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        if rng.random() < 0.5:
            linear[:, 0] *= -1
        shift = rng.normal(0, config.shift, 2) * size[::-1]
    middle = np.array([stored[1] - 1, stored[0] - 1]) / 2
    target = np.array([size[1] - 1, size[0] - 1]) / 2 + shift
    return np.column_stack([linear, target - linear @ middle])


def _cut_off(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A crop with a part of the candidate cut off, as by the photo's border."""
    axis = int(rng.random() < 0.6)  # 1: left or right, 0: above or below
    lines = np.flatnonzero((crop[:, :, ROUGH] > 127).any(axis=1 - axis))
    if len(lines) < 16:
        return crop
    at = int(lines[0] + rng.uniform(0.05, 0.4) * len(lines))
    lost = slice(0, at) if rng.random() < 0.5 else slice(crop.shape[axis] - at, None)
    part = crop.copy()
    view = part if axis == 0 else part.swapaxes(0, 1)
    view[lost, :, RGB], view[lost, :, ROUGH:] = GREY, 0
    left = (part[:, :, ROUGH] > 127).sum() > 0.4 * (crop[:, :, ROUGH] > 127).sum()
    return part if left else crop


def _damaged(layers: np.ndarray, rng: np.random.Generator, config: VariationConfig) -> np.ndarray:
    """Crop layers with random damage of the rough mask and random loss of the others' mask."""
    rough, chance = np.ascontiguousarray(layers[:, :, ROUGH]), rng.random()
    if chance < config.moved:
        disc = cv2.getStructuringElement(
            cv2.MORPH_ELLIPSE, (2 * int(rng.integers(1, config.reach + 1)) + 1,) * 2
        )
        rough = (cv2.erode if chance < config.moved / 2 else cv2.dilate)(rough, disc)
    if rng.random() < config.clipped:
        rows = np.flatnonzero((rough > 127).any(axis=1))
        if rows.size:
            lost = round(rng.uniform(0.02, 0.2) * rows.size)
            rough[rows[-1] - lost if rng.random() < 0.7 else len(rough) :] = 0
            rough[: rows[0] + lost if rng.random() < 0.3 else 0] = 0
    layers[:, :, ROUGH] = rough
    if rng.random() < config.no_others:
        layers[:, :, OTHERS] = 0
    return layers
