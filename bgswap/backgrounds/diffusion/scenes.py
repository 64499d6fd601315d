"""What one call of a scene model gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Scenes(Sequence[np.ndarray]):
    """The scenes that one call painted: a sequence of them.

    Attributes:
        images: (h, w, 3) uint8 RGB each, at model resolution, the photo's aspect.
        seeds: the seed of each.
        notes: a sentence for each thing that was requested and not fully done.
    """

    images: list[np.ndarray]
    seeds: list[int]
    notes: list[str]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Any) -> Any:
        return self.images[index]
