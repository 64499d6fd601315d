"""What a matting method is, and what was calibrated for one set of its weights."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from bgswap.types import Person


class Matter(Protocol):
    """Draws the alpha of one person whose mask is known."""

    def matte(
        self, photo: np.ndarray, mask: np.ndarray, others: np.ndarray | None = None
    ) -> np.ndarray:
        """One person's alpha, (H, W) float32 in [0, 1], multiples of 1/255.

        Args:
            photo: (H, W, 3) uint8 RGB.
            mask: (H, W) float32 in [0, 1].
            others: (H, W) float32 in [0, 1], of everybody else.
        """
        ...


@dataclass(frozen=True)
class Calibration:
    """What was chosen for one set of weights; ``calibration.json`` beside them holds it.

    Attributes:
        threshold: least confidence of a person, in [0, 1].
        score_weight: the network's share in that confidence, next to the detector's.
    """

    threshold: float = 0.4
    score_weight: float = 0.5

    @classmethod
    def read(cls, folder: Path) -> "Calibration":
        """The calibration of the weights in a folder; the default where there is none."""
        path = folder / "calibration.json"
        return cls(**json.loads(path.read_text())) if path.is_file() else cls()


@runtime_checkable
class JudgingMatter(Matter, Protocol):
    """A matter that also tells how sure it is that anybody is there.

    Attributes:
        calibration: how its confidence is used.
    """

    calibration: Calibration

    def alphas(self, photo: np.ndarray, people: Sequence[Person]) -> list[Person]:
        """The people with alphas for masks and the matter's own confidences.

        Args:
            photo: (H, W, 3) uint8 RGB.
            people: with rough masks.
        """
        ...
