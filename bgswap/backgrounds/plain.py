"""Backgrounds that need no picture: one color, a gradient of two, or nothing."""

from dataclasses import dataclass

import numpy as np

from bgswap.backgrounds.dither import dithered
from bgswap.types import Background

# Red, green and blue, 0 to 255.
Color = tuple[int, int, int]
DITHER_SEED = 31


@dataclass(frozen=True)
class PlainColor:
    """One color, or a vertical gradient of two.

    Attributes:
        top: sRGB, 0 to 255.
        bottom: the color at the lower border; None: one color everywhere.
    """

    top: Color
    bottom: Color | None = None

    def make(self, photo: np.ndarray, alpha: np.ndarray) -> list[Background]:
        """See :class:`bgswap.backgrounds.base.BackgroundSource`."""
        return [Background(self._image(photo.shape[:2]), "color")]

    def _image(self, size: tuple[int, int]) -> np.ndarray:
        if self.bottom is None or self.bottom == self.top:
            return np.full((*size, 3), self.top, np.uint8)
        # Mixed in sRGB as CSS does it.
        share = ((np.arange(size[0], dtype=np.float32) + 0.5) / size[0])[:, None]
        top, bottom = (np.array(color, np.float32) for color in (self.top, self.bottom))
        column = top * (1 - share) + bottom * share
        return dithered(column[:, None], size, DITHER_SEED)


@dataclass(frozen=True)
class Transparent:
    """No background: the result has an alpha channel."""

    def make(self, photo: np.ndarray, alpha: np.ndarray) -> list[Background]:
        """See :class:`bgswap.backgrounds.base.BackgroundSource`; the image is None."""
        return [Background(None, "transparent")]
