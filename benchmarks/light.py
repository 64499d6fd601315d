"""A sheet of light match and contact shadow: rows are scenes, columns strengths, two photos.

    python -m benchmarks.light [--output docs/light.jpg] [--seed 1] [--height 135]

The photos are ultralytics' ``zidane.jpg`` and the people of its ``bus.jpg``, a row each for every
scene. Both options have the strength of their column: 0, where the people's pixels are the
photo's own, 0.3, 0.6 and 1.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.sheet import known_photo, stacked, tile
from bgswap import BackgroundSwapper, Settings, SwapOptions
from bgswap.io.encoding import save
from bgswap.io.images import open_photo

SCENES = (
    "a beach at sunset, warm golden light",
    "snowy mountains",
    "a city street at night",
    "plain white studio",
)
STRENGTHS = (0.0, 0.3, 0.6, 1.0)
# The rows of bus.jpg that hold its people.
BUS_ROWS = slice(360, 920)


def sheet(
    swapper: BackgroundSwapper, photos: list[np.ndarray], seed: int, height: int
) -> np.ndarray:
    """One row for each photo (H, W, 3) uint8 RGB and scene, with all strengths; uint8 RGB."""
    rows = []
    for prompt, photo in product(SCENES, photos):
        asked = (SwapOptions(seed=seed, light=s, shadow=s) for s in STRENGTHS)
        swaps = (swapper.swap(photo, prompt, options=options) for options in asked)
        rows.append(np.hstack([tile(swap.image, height) for swap in swaps]))
    return stacked(rows)


def main() -> None:
    """Make the sheet and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("docs/light.jpg"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--height", type=int, default=135, help="of each picture, in pixels")
    options = parser.parse_args()
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    zidane, bus = (open_photo(known_photo(name)) for name in ("zidane.jpg", "bus.jpg"))
    photos = [zidane, bus[BUS_ROWS]]
    save(sheet(swapper, photos, options.seed, options.height), options.output)


if __name__ == "__main__":
    main()
