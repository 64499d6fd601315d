"""Pairs of damaged and clean masks, the training data of the mask autoencoder."""

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from bgswap.detection.mask_squares import square_crop
from training.mask_autoencoder.drawn_masks import damage, draw, move

# Number of the first validation sample: training samples have lower numbers.
VALIDATION_FROM = 1 << 40
# Share of the samples whose clean mask is drawn.
DRAWN_SHARE = 0.2
Masks = dict[str, list[np.ndarray]]


def as_unit(mask: np.ndarray) -> np.ndarray:
    """uint8 0 to 255 to float32 0 to 1."""
    return mask.astype(np.float32) / 255


class DamagedMasks(Dataset):
    """Pairs of damaged and clean masks, (1, side, side) float32, cropped as by the refiner.

    Args:
        people: masks (H, W) uint8 of people by kind; without them all masks are drawn. Kinds are
            sampled in proportion to the square root of their count.
        length: samples an epoch.
        side: of the square crops.
        seed: sample n depends only on the seed and n.
        start: number of the first sample.
    """

    def __init__(
        self,
        people: dict[str, list[np.ndarray]],
        length: int,
        side: int,
        seed: int,
        start: int = 0,
    ) -> None:
        self.people, weights = list(people.values()), np.sqrt([len(m) for m in people.values()])
        self.odds, self.length, self.side = weights / weights.sum(), length, side
        self.seed, self.start = seed, start

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([self.seed, self.start + number])
        clean = self.clean(rng)
        damaged, box = damage(clean, rng)
        pair = (square_crop(mask, box, self.side)[None] for mask in (damaged, clean))
        damaged, clean = (torch.from_numpy(np.ascontiguousarray(mask)) for mask in pair)
        return damaged, clean

    def clean(self, rng: np.random.Generator) -> np.ndarray:
        """A clean mask on a canvas of twice the side."""
        if not self.people or rng.random() < DRAWN_SHARE:
            return draw(rng, 2 * self.side)
        kind = self.people[rng.choice(len(self.people), p=self.odds)]
        mask = kind[rng.integers(len(kind))]
        return move(as_unit(mask), rng, 2 * self.side)
