"""Exposure normalization: dark photos are brightened before networks see them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ExposureConfig:
    """When and how far a photo is brightened."""

    # The white point is this percentile of the pixels' brightest channel.
    percentile: float = 99.0
    # Levels: photos with a white point above are left as they are.
    bright: float = 200.0
    # Maximum gain: more would amplify the noise of black pictures.
    most: float = 4.0
    # Pixels at most by which the percentile is measured.
    pixels: int = 100_000


def brightened(photo: np.ndarray, config: ExposureConfig | None = None) -> np.ndarray:
    """A photo whose white point is white, for networks that were trained on well-lit photos.

    Args:
        photo: (H, W, 3) uint8 RGB.
        config: see :class:`ExposureConfig`.

    Returns:
        (H, W, 3) uint8 RGB, the same array where the photo is bright enough.
    """
    config = config or ExposureConfig()
    step = max(1, round((photo.shape[0] * photo.shape[1] / config.pixels) ** 0.5))
    white = float(np.percentile(photo[::step, ::step].max(-1), config.percentile))
    if white > config.bright:
        return photo
    gain = min(255 / max(white, 1.0), config.most)
    levels = np.minimum(np.arange(256) * gain, 255).round().astype(np.uint8)
    brighter: np.ndarray = levels[photo]
    return brighter
