"""Backgrounds that need no picture: one color, a gradient of two, or nothing."""

from dataclasses import dataclass

import numpy as np

from bgswap.types import Background

# Red, green and blue, 0 to 255.
Color = tuple[int, int, int]
# A gradient is dithered in strips of this many rows, so that memory stays small.
STRIP_ROWS = 256
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
        image = np.empty((*size, 3), np.uint8)
        if self.bottom is None or self.bottom == self.top:
            image[:] = self.top
            return image
        # Mixed in sRGB as CSS does it; one grey level of noise under the rounding hides the bands.
        share = ((np.arange(size[0], dtype=np.float32) + 0.5) / size[0])[:, None]
        top, bottom = (np.array(color, np.float32) for color in (self.top, self.bottom))
        column = top * (1 - share) + bottom * share
        noise = np.random.default_rng(DITHER_SEED)
        for rows in (slice(y, y + STRIP_ROWS) for y in range(0, size[0], STRIP_ROWS)):
            strip = image[rows]
            grain = noise.random(strip.shape[:2], np.float32)[..., None]
            # Truncation of value plus noise in [0, 1) has the value as its mean.
            strip[:] = np.minimum(column[rows][:, None] + grain, 255)
        return image


@dataclass(frozen=True)
class Transparent:
    """No background: the result has an alpha channel."""

    def make(self, photo: np.ndarray, alpha: np.ndarray) -> list[Background]:
        """See :class:`bgswap.backgrounds.base.BackgroundSource`; the image is None."""
        return [Background(None, "transparent")]
