"""Batches of latents, token ids and conditions, drawn on the device."""

import numpy as np
import torch
from torch import Tensor

from training.scene.data.latents import SQUARE, Latents
from training.scene.data.part_store import STUDIO
from training.scene.data.wordings import EACH, LIT, PLAIN

STUDIO_SHARE, UNWORDED, UNMASKED = 0.06, 0.1, 0.5
# Probability of each shape. Shapes other than the square one are not compiled.
SHAPE_CHANCES = {SQUARE: 0.84, (56, 72): 0.04, (72, 56): 0.04, (48, 88): 0.04, (88, 48): 0.04}


class SceneBatches:
    """Draws training batches of the diffusion model.

    Args:
        latents: of N pictures.
        words: (N, PLAIN + LIT * EACH, LENGTH) int16 token ids.
        kinds: class of each picture.
        empty: (LENGTH,) token numbers of no words.
    """

    def __init__(self, latents: Latents, words: Tensor, kinds: list[str], empty: Tensor) -> None:
        self.latents, self.device = latents, latents.masks.device
        self.words, self.empty = words.to(self.device), empty.to(self.device)
        self.rng = np.random.default_rng(0)
        self.classes, inverse, counts = np.unique(kinds, return_inverse=True, return_counts=True)
        self.numbers = torch.from_numpy(inverse).to(self.device)
        self.chances = torch.from_numpy(balanced(self.classes, inverse, counts)).to(self.device)

    def seed(self, seed: int) -> None:
        """Restart the order of shapes and windows; all else comes from torch's random numbers."""
        self.rng = np.random.default_rng(seed)

    def shape(self) -> tuple[int, int]:
        """The next batch's shape in cells."""
        shapes = list(SHAPE_CHANCES)
        return shapes[self.rng.choice(len(shapes), p=list(SHAPE_CHANCES.values()))]

    def sample(self, count: int, shape: tuple[int, int] = SQUARE) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens (count, LENGTH), latents (count, 4, *shape) and class numbers (count,)."""
        crops = self.latents.crops[shape]
        chosen = torch.multinomial(self.chances, count, replacement=True)
        version = torch.randint(crops.shape[1], (count,), device=self.device)
        wording = torch.randint(PLAIN, (count,), device=self.device)
        if shape == SQUARE:
            lit = PLAIN + version * EACH + wording % EACH
            wording = torch.where(version < LIT, lit, wording)
        return self.words[chosen, wording].long(), crops[chosen, version], self.numbers[chosen]

    def batch(self, count: int, shape: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Tokens, latents, masks (count, 1, *shape) and what is kept, as latents."""
        tokens, latents, _ = self.sample(count, shape)
        silent = torch.rand(count, 1, device=self.device) < UNWORDED
        tokens = torch.where(silent, self.empty, tokens)
        return tokens, latents, *self._conditions(count, shape)

    def _conditions(self, count: int, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Random conditions: everything masked for half of the batch, else a person is kept."""
        chosen = torch.randint(len(self.latents.masks), (count,), device=self.device)
        nothing = (torch.rand(count, device=self.device) < UNMASKED)[:, None, None, None]
        side = self.latents.masks.shape[-1]
        top = int(self.rng.integers(side - shape[0] + 1))
        left = int(self.rng.integers(side - shape[1] + 1))
        window = np.s_[..., top : top + shape[0], left : left + shape[1]]
        mask = self.latents.masks[chosen][window]
        # Latents of grey differ near the frame: take them from the frame's corner.
        grey = self.latents.grey[..., : shape[0], : shape[1]]
        mask = torch.where(nothing, torch.ones_like(mask), mask)
        return mask, torch.where(nothing, grey, self.latents.people[chosen][window])


def balanced(classes: np.ndarray, inverse: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Sampling probabilities: classes by the square root of their counts, a fixed studio share."""
    weights = counts**0.5
    if STUDIO in classes and len(classes) > 1:
        scenes = weights[classes != STUDIO].sum()
        weights[classes == STUDIO] = scenes * STUDIO_SHARE / (1 - STUDIO_SHARE)
    each = (weights / counts)[inverse]
    return each / each.sum()
