"""The protocols of face detection and face restoration."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np


class FaceBox(NamedTuple):
    """The box of a face, from forehead to chin, in pixels of the picture it was detected in."""

    left: float
    top: float
    width: float
    height: float

    @property
    def corners(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, as :func:`bgswap.mask_ops.box_iou` takes them."""
        return self.left, self.top, self.left + self.width, self.top + self.height


class FaceFinder(Protocol):
    """Detects the face of a person whose mask is known."""

    def find(self, image: np.ndarray, mask: np.ndarray) -> FaceBox | None:
        """The face of one person; None where none was detected.

        Args:
            image: (H, W, 3) uint8 RGB.
            mask: of the person, (H, W) float32 in [0, 1]; pixels outside it have no effect.
        """
        ...


class FaceRestorer(Protocol):
    """Restores the faces of people whose masks are known."""

    def enhance(
        self, image: np.ndarray, masks: Sequence[np.ndarray], strength: float
    ) -> tuple[np.ndarray, list[str]]:
        """The image with restored faces, and notes on what was done.

        Args:
            image: (H, W, 3) uint8 RGB.
            masks: of each person, (H, W) float32 in [0, 1]; pixels outside them do not change.
            strength: 0 (the image is returned unchanged) to 1.
        """
        ...
