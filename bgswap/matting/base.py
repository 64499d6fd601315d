"""The protocols of matting methods, and the calibration of one set of weights."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from bgswap.types import Person


class Matter(Protocol):
    """Computes the alpha of one person from their mask."""

    def matte(
        self, photo: np.ndarray, mask: np.ndarray, others: np.ndarray | None = None
    ) -> np.ndarray:
        """One person's alpha, (H, W) float32 in [0, 1], multiples of 1/255.

        Args:
            photo: (H, W, 3) uint8 RGB.
            mask: (H, W) float32 in [0, 1].
            others: (H, W) float32 in [0, 1], the union of all others' masks.
        """
        ...


@dataclass(frozen=True)
class Calibration:
    """Values chosen for one set of weights; stored beside them as ``calibration.json``.

    Attributes:
        threshold: minimum confidence of a person, in [0, 1].
        score_weight: weight of the network's score in that confidence; the rest is the detector's.
    """

    threshold: float = 0.4
    score_weight: float = 0.5

    @classmethod
    def read(cls, folder: Path) -> "Calibration":
        """The calibration of the weights in a folder; the default where there is none."""
        path = folder / "calibration.json"
        return cls(**json.loads(path.read_text())) if path.is_file() else cls()


@runtime_checkable
class ScoringMatter(Matter, Protocol):
    """A matter that also scores candidates: how likely each is a person.

    Attributes:
        calibration: how its score is used.
    """

    calibration: Calibration

    def alphas(self, photo: np.ndarray, people: Sequence[Person]) -> list[Person]:
        """The people with their masks replaced by alphas and their confidences by its scores.

        Args:
            photo: (H, W, 3) uint8 RGB.
            people: with rough masks.
        """
        ...
