"""Real photos with people, and a swapper that is loaded once for all tests."""

from functools import cache

import numpy as np

from bgswap import BackgroundSwapper, Settings, SwapOptions, SwapResult
from bgswap.detection.yolo import restored_threads

with restored_threads():
    from ultralytics.utils import ASSETS

BUS = ASSETS / "bus.jpg"
ZIDANE = ASSETS / "zidane.jpg"
PROMPT = "a forest at sunset"


@cache
def starter_swapper() -> BackgroundSwapper:
    """The program with the bundled starter models."""
    return BackgroundSwapper.from_settings(Settings(models="starter"))


@cache
def starter_result() -> SwapResult:
    """Two variations of the prompt behind the two people of a photo."""
    options = SwapOptions(seed=7, steps=2, variations=2)
    return starter_swapper().swap(ZIDANE, PROMPT, options=options)


def empty_photo(height: int = 240, width: int = 320) -> np.ndarray:
    """A plain gradient: nobody is there."""
    ramp = np.linspace(60, 180, width).astype(np.uint8)
    return np.repeat(np.tile(ramp, (height, 1))[:, :, None], 3, axis=2)
