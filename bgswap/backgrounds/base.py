"""What a source of backgrounds is."""

from typing import Protocol

import numpy as np

from bgswap.types import Background


class BackgroundSource(Protocol):
    """Makes backgrounds for a photo whose kept people are known."""

    def make(self, photo: np.ndarray, alpha: np.ndarray) -> list[Background]:
        """Backgrounds at the photo's size, the best one first.

        Args:
            photo: (H, W, 3) uint8 RGB; for an output frame of its own, the photo as it covers
                that frame.
            alpha: (H, W) float32 in [0, 1], of the kept people in it.

        Returns:
            At least one; each image is (H, W, 3) uint8 RGB, or None where it is transparent.
        """
        ...
