"""What a matting method is."""

from typing import Protocol

import numpy as np


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
