"""What a source of backgrounds is."""

from typing import Protocol

import numpy as np

from bgswap.types import Background


class BackgroundSource(Protocol):
    """Makes backgrounds for a photo whose kept people are known."""

    def make(self, photo: np.ndarray, alpha: np.ndarray) -> list[Background]:
        """Backgrounds at the photo's size, the best one first.

        Args:
            photo: (H, W, 3) uint8 RGB; in an output frame that reaches beyond the photo, the
                photo continued to the frame's size.
            alpha: (H, W) float32 in [0, 1], of the kept people (continued with the photo).

        Returns:
            At least one; each image is (H, W, 3) uint8 RGB, or None where it is transparent.
        """
        ...
