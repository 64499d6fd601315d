"""High-frequency energy of generated scenes beside that of the photo, before and after matching.

    python -m benchmarks.grain [PHOTO ...] [--json FILE]

A scene of the starter is put behind the people of each photo. Grain is the deviation of white
noise with the same energy at high frequencies in flat parts (:mod:`bgswap.compositing.grain`); the
ratio to the photo's is 1 where scene and people are equally sharp there.
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


def table(figures: dict[str, dict[str, Any]]) -> str:
    """A row for each photo."""
    head = ["photo", "grain of the photo", "scene before", "scene after", "ratio before", "after"]
    rows = []
    for name, found in figures.items():
        ratios = [found[key] / found["photo"] for key in ("before", "after")]
        levels = [found[key] for key in ("photo", "before", "after")]
        rows.append([name, *(f"{value:.2f}" for value in (*levels, *ratios))])
    return markdown_table(head, rows)


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photos", type=Path, nargs="*", help="default: ultralytics' two")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    photos = options.photos or [known_photo("bus.jpg"), known_photo("zidane.jpg")]
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    figures = {path.name: measure(swapper, open_photo(path)) for path in photos}
    print(table(figures))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
