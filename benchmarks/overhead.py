"""Time of a swap without the scene model, compared with plain ultralytics ``predict``.

    python -m benchmarks.overhead [PHOTO] [--repeats 5] [--json FILE]

Both run the same person detector on the same photo (``bus.jpg`` from ultralytics' assets where
none is named), in turns, so that whatever else the machine does meets both alike. What counts are
the ratios; seconds differ from machine to machine and from run to run.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.sheet import known_photo
from bgswap import BackgroundSwapper, Settings
from bgswap.compositing import blend
from bgswap.detection.yolo import restored_threads
from bgswap.io.images import open_photo
from bgswap.matting.foreground import foreground, warm_up

Step = Callable[[], Any]


class Bench:
    """The steps of a swap without its scene, each with the results of the steps before."""

    def __init__(self, photo: Path) -> None:
        self.photo = open_photo(photo)
        self.swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
        self.detector = self.swapper.models.detector().model
        self.finder = self.swapper.models.finder()
        self.bgr = np.ascontiguousarray(self.photo[:, :, ::-1])
        self.scene = np.random.default_rng(0).integers(0, 256, (128, 96, 3), np.uint8)
        warm_up()

    def predict(self) -> None:
        """Plain ultralytics: boxes and full-size masks, then a hard paste."""
        with restored_threads():
            self.detector._predictor(self.bgr)

    def find(self) -> None:
        self.found = self.finder.find(self.photo)

    def matte(self) -> None:
        self.alpha = self.swapper.matte(self.photo, self.found)

    def foreground(self) -> None:
        self.people = foreground(self.photo, self.alpha)

    def composite(self) -> None:
        background = blend.enlarge_background(self.scene, self.alpha.shape)
        self.image = blend.composite(self.people, self.alpha, background)

    def steps(self) -> dict[str, Step]:
        ours = (self.find, self.matte, self.foreground, self.composite)
        return {"ultralytics predict": self.predict} | {s.__name__: s for s in ours}


def measure(photo: Path, repeats: int) -> dict[str, Any]:
    """Median seconds of each step over ``repeats`` rounds, after one round to warm up."""
    steps = Bench(photo).steps()
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for round_number in range(repeats + 1):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            if round_number:
                taken[name].append(time.perf_counter() - start)
    seconds = {name: statistics.median(times) for name, times in taken.items()}
    plain = seconds["ultralytics predict"]
    seconds["all of ours"] = sum(seconds.values()) - plain
    return {
        "photo": photo.name,
        "threads": cv2.getNumThreads(),
        "repeats": repeats,
        "seconds": {name: round(s, 4) for name, s in seconds.items()},
        "ratio": {name: round(s / plain, 2) for name, s in seconds.items()},
    }


def main() -> None:
    """Run the command: print the table, write JSON on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", nargs="?", type=Path, help="default: ultralytics' bus.jpg")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    result = measure(options.photo or known_photo("bus.jpg"), options.repeats)
    print(f"| {result['photo']} | seconds | ratio |\n|---|---:|---:|")
    for name, seconds in result["seconds"].items():
        print(f"| {name} | {seconds:.3f} | {result['ratio'][name]:.2f} |")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
