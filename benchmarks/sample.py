"""The scene of the page's sample: a result wherever it differs from its photo.

    python -m benchmarks.sample [--output bgswap/ui/sample-scene.webp] [--seed 3]

The photo is ultralytics' ``bus.jpg``. It is no part of the file: people are transparent in it.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.sheet import known_photo
from bgswap import BackgroundSwapper, Settings, SwapOptions, SwapResult
from bgswap.io.encoding import save
from bgswap.io.images import fit_within
from bgswap.ui.sample import LONGEST, PHOTO, SCENE

PROMPT = "a country road on a sunny day"
# The two in the middle: those at the borders are cut off.
PEOPLE = (2, 3)


def scene_of(result: SwapResult, longest: int = LONGEST) -> np.ndarray:
    """A result without what is the photo's own.

    Args:
        result: of a swap without light match: opaque people are the photo, bit for bit.
        longest: side in pixels.

    Returns:
        (h, w, 4) uint8 RGBA, transparent where the kept people are opaque.
    """
    image = fit_within(result.image, longest=longest)
    own = fit_within(np.ascontiguousarray(result.cutout[..., 3]), longest=longest) == 255
    return np.dstack([np.where(own[..., None], 0, image), np.where(own, 0, 255)]).astype(np.uint8)


def main() -> None:
    """Make the scene and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=SCENE)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    asked = SwapOptions(seed=options.seed, shadow=0.1)
    result = swapper.swap(known_photo(PHOTO), PROMPT, people=list(PEOPLE), options=asked)
    save(scene_of(result), options.output, quality=80)


if __name__ == "__main__":
    main()
