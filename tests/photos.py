"""Real photos with people, and a swapper that is loaded once for all tests."""

from functools import cache

import numpy as np

from bgswap import BackgroundSwapper, Settings
from bgswap.detection.yolo import restored_threads

with restored_threads():
    from ultralytics.utils import ASSETS

BUS = ASSETS / "bus.jpg"
ZIDANE = ASSETS / "zidane.jpg"


@cache
def starter_swapper() -> BackgroundSwapper:
    """The program as it is with no model hub in reach."""
    return BackgroundSwapper.from_settings(Settings(models="starter"))


def empty_photo(height: int = 240, width: int = 320) -> np.ndarray:
    """A plain gradient: nobody is there."""
    ramp = np.linspace(60, 180, width).astype(np.uint8)
    return np.repeat(np.tile(ramp, (height, 1))[:, :, None], 3, axis=2)
