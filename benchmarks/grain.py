"""Grain of generated scenes beside that of the photo, before and after matching.

    python -m benchmarks.grain [PHOTO ...] [--noise LEVELS] [--json FILE]

A scene of the starter is put behind the people of each photo. Grain is the deviation of white
noise with the same energy at high frequencies in flat parts (:mod:`bgswap.compositing.grain`); the
ratio to the photo's is 1 where scene and people have equally much. ``--noise`` adds grey noise to
the photos.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sheet import known_photo
from bgswap import BackgroundSwapper, Settings, SwapOptions
from bgswap.compositing.blend import enlarge_background
from bgswap.compositing.grain import grain, match_grain
from bgswap.io.images import open_photo
from bgswap.mask_ops import round_to_uint8
from training.common.cards import markdown_table

PROMPT, SEED = "a forest", 7


def measure(swapper: BackgroundSwapper, photo: np.ndarray) -> dict[str, Any]:
    """The grain of a photo and of a scene for it, and whether the people kept their pixels."""
    result = swapper.swap(photo, PROMPT, options=SwapOptions(seed=SEED))
    scene = result.candidates[0].background.image
    assert scene is not None  # it was generated
    enlarged = enlarge_background(scene, photo.shape[:2])
    whole = result.cutout[:, :, 3] == 255
    return {
        "photo": grain(photo),
        "before": grain(enlarged),
        "after": grain(match_grain(enlarged, photo)),
        "people_exact": bool((result.image[whole] == photo[whole]).all()),
    }


def with_noise(photo: np.ndarray, deviation: float) -> np.ndarray:
    """A photo (H, W, 3) uint8 with grey noise of so many levels."""
    noise = np.random.default_rng(SEED).normal(0, deviation, (*photo.shape[:2], 1))
    return round_to_uint8((photo + noise).astype(np.float32))


def table(figures: dict[str, dict[str, Any]]) -> str:
    """A row for each photo."""
    head = ["photo", "grain of the photo", "scene before", "after", "ratio before", "after"]
    head.append("people exact")
    rows = []
    for name, found in figures.items():
        levels = [found[key] for key in ("photo", "before", "after")]
        ratios = [
            value / found["photo"] if found["photo"] else float("nan") for value in levels[1:]
        ]
        exact = "yes" if found["people_exact"] else "no"
        rows.append([name, *(f"{value:.2f}" for value in (*levels, *ratios)), exact])
    return markdown_table(head, rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photos", type=Path, nargs="*", help="default: ultralytics' two")
    parser.add_argument("--noise", type=float, default=0.0, help="deviation in levels of 255")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    photos = options.photos or [known_photo("bus.jpg"), known_photo("zidane.jpg")]
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    opened = {path.name: with_noise(open_photo(path), options.noise) for path in photos}
    figures = {name: measure(swapper, photo) for name, photo in opened.items()}
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
