"""A contact sheet: one row a photo, one column a scene, made by the program.

    python -m benchmarks.sheet --output sheet.jpg [--prompt TEXT ...] [--seeds 1] [PHOTO ...]

The photos are ultralytics' ``bus.jpg`` and ``zidane.jpg`` where none is named. The first picture
of each row is the photo itself.
"""

import argparse
from itertools import cycle, product
from pathlib import Path

import cv2
import numpy as np

from bgswap import BackgroundSwapper, Settings, SwapOptions
from bgswap.detection.yolo import restored_threads
from bgswap.io.encoding import save
from bgswap.io.images import open_photo

PROMPTS = (
    "a jungle at sunset, warm golden light",
    "a beach by the sea, blue sky",
    "snowy mountains",
    "plain white studio",
)
GAP = 6


def known_photo(name: str) -> Path:
    """One of the photos that ultralytics ships: ``bus.jpg`` or ``zidane.jpg``."""
    with restored_threads():
        from ultralytics.utils import ASSETS
    return ASSETS / name


def tile(image: np.ndarray, height: int) -> np.ndarray:
    """A picture (H, W, 3) uint8 scaled to a height, with a white gap on its right and below."""
    width = round(image.shape[1] * height / image.shape[0])
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return cv2.copyMakeBorder(small, 0, GAP, 0, GAP, cv2.BORDER_CONSTANT, value=(255,) * 3)


def row(
    swapper: BackgroundSwapper, photo: Path, prompts: list[str], seed: int, height: int
) -> np.ndarray:
    """The photo, then one swap for each prompt, side by side."""
    options = SwapOptions(seed=seed)
    swaps = [swapper.swap(photo, prompt, options=options).image for prompt in prompts]
    return np.hstack([tile(image, height) for image in (open_photo(photo), *swaps)])


def stacked(rows: list[np.ndarray]) -> np.ndarray:
    """Rows stacked vertically, cropped to the narrowest."""
    width = min(r.shape[1] for r in rows)
    scaled = [
        cv2.resize(r, (width, round(r.shape[0] * width / r.shape[1])), interpolation=cv2.INTER_AREA)
        for r in rows
    ]
    return np.vstack(scaled)


def main() -> None:
    """Make the sheet and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="*", type=Path, metavar="PHOTO")
    parser.add_argument("--output", type=Path, required=True, help="PNG, JPEG or WebP")
    parser.add_argument("--prompt", action="append", help="a scene; may be given several times")
    parser.add_argument("--seeds", type=int, default=1, help="rows for each photo")
    parser.add_argument("--turns", action="store_true", help="one row a seed, photos in turns")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--height", type=int, default=360, help="of each picture, in pixels")
    options = parser.parse_args()
    options.photos = options.photos or [known_photo("bus.jpg"), known_photo("zidane.jpg")]
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    pairs = list(product(options.photos, seeds))
    if options.turns:
        pairs = list(zip(cycle(options.photos), seeds, strict=False))
    prompts = options.prompt or list(PROMPTS)
    rows = [row(swapper, photo, prompts, seed, options.height) for photo, seed in pairs]
    save(stacked(rows), options.output)


if __name__ == "__main__":
    main()
