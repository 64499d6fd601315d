"""What a method that restores faces is."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class FaceRestorer(Protocol):
    """Restores the faces of people whose masks are known."""

    def enhance(
        self, image: np.ndarray, masks: Sequence[np.ndarray], strength: float
    ) -> tuple[np.ndarray, list[str]]:
        """The image with restored faces, and notes on the people whose faces stay as they are.

        Args:
            image: (H, W, 3) uint8 RGB.
            masks: of each person, (H, W) float32 in [0, 1]; outside them nothing changes.
            strength: 0 (the image itself is given back) to 1.
        """
        ...
