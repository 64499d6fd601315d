"""The protocol of face restoration methods."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np


class FaceRestorer(Protocol):
    """Restores the faces of people whose masks are known."""

    def enhance(
        self, image: np.ndarray, masks: Sequence[np.ndarray], strength: float
    ) -> tuple[np.ndarray, list[str]]:
        """The image with restored faces, and notes on people whose faces are unchanged.

        Args:
            image: (H, W, 3) uint8 RGB.
            masks: of each person, (H, W) float32 in [0, 1]; pixels outside them do not change.
            strength: 0 (the image is returned unchanged) to 1.
        """
        ...
