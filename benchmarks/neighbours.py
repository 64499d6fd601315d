"""Keeping one of several touching people: pixels taken from neighbours, and pixels lost.

    python -m benchmarks.neighbours --people datasets/people.zip --scenes datasets/scenes.zip \\
        [--composites 48] [--json benchmarks/neighbours.json] [--sheet neighbours.png]

Composites of held-out people, whose visible masks are known to the pixel. Everyone found who
touches somebody else found is kept alone, as if all others had been clicked away. "mask" is the
person's refined mask, pasted as it is; "ours" is the alpha, cut at one half.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from bgswap import BackgroundSwapper, Settings
from bgswap.io.encoding import save
from bgswap.types import Person
from training.common.cards import markdown_table
from training.common.metrics import iou
from training.common.plots import Table
from training.detector.person_scores import Finder, HeldOut, finder
from training.evaluate import MATTING
from training.synthesis.composites import Composite

# Maximum distance in pixels between people who count as touching.
TOUCHING = 3
# Minimum IoU of a detection with a true person.
SAME_PERSON = 0.5
SHEET_ROWS = 12


@dataclass(frozen=True, eq=False)
class Kept:
    """One person kept alone, by one method.

    Attributes:
        own: (H, W) bool, the person's true visible pixels.
        others: (H, W) bool, everyone else's.
        kept: (H, W) bool, what was kept.
    """

    own: np.ndarray
    others: np.ndarray
    kept: np.ndarray

    @property
    def figures(self) -> dict[str, float]:
        """IoU, and pixels taken from others and lost of their own, as shares of the person."""
        size = self.own.sum()
        return {
            "iou": iou(self.kept, self.own),
            "taken": float((self.kept & self.others).sum() / size),
            "lost": float((self.own & ~self.kept).sum() / size),
        }


def touching(instances: np.ndarray, one: int, other: int) -> bool:
    """Whether two of the people in (H, W) uint8 instances are within reach of each other."""
    side = 2 * TOUCHING + 1
    near = cv2.dilate((instances == one).astype(np.uint8), np.ones((side, side), np.uint8))
    return bool((near[instances == other] > 0).any())


def paired(people: Sequence[Person], instances: np.ndarray) -> dict[int, Person]:
    """The best detection for each true person; missed people are left out."""
    pairs = {}
    for number in range(1, int(instances.max()) + 1):
        true = instances == number
        best = max(people, key=lambda p: iou(p.mask, true), default=None)
        if best is not None and iou(best.mask, true) >= SAME_PERSON:
            pairs[number] = best
    return pairs


def kept_alone(
    swapper: BackgroundSwapper, find: Finder, picture: Composite
) -> Iterator[dict[str, Kept]]:
    """Each person who touches another, kept by the mask alone and by the program."""
    people, instances = find(picture.image), picture.instances
    pairs = paired(people, instances)
    for number, person in pairs.items():
        if not any(touching(instances, number, n) for n in pairs if n != number):
            continue
        alpha = swapper.matte(picture.image, [person], [p for p in people if p is not person])
        own = instances == number
        others = (instances > 0) & ~own
        methods = {"mask": person.mask, "ours": alpha}
        yield {name: Kept(own, others, mask > 0.5) for name, mask in methods.items()}


def summary(results: Sequence[dict[str, Kept]]) -> Table:
    """Means over the people, one row a method, and the median IoU.

    Some "people" of the held-out photos are couples or groups under one mask, and count as wrongly
    found where one of them is kept: the median says what happens to most.
    """
    rows = {}
    for name in results[0]:
        figures = [result[name].figures for result in results]
        means = {key: float(np.mean([f[key] for f in figures])) for key in figures[0]}
        rows[name] = means | {"median iou": float(np.median([f["iou"] for f in figures]))}
    return rows


def picture_of(kept: Kept) -> np.ndarray:
    """(H, W, 3) uint8 RGB: white is correct, red was lost, blue was taken from others."""
    shown = np.full((*kept.own.shape, 3), 60, np.uint8)
    shown[kept.others] = 120
    shown[kept.own & kept.kept] = 255
    shown[kept.own & ~kept.kept] = (230, 60, 50)
    shown[~kept.own & kept.kept] = (250, 190, 60)
    shown[kept.others & kept.kept] = (60, 120, 240)
    return shown


def main() -> None:
    """Run the command: print the table and write the requested files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=Path, required=True, help="people.zip or such a folder")
    parser.add_argument("--scenes", type=Path, required=True, help="scenes.zip or such a folder")
    parser.add_argument("--composites", type=int, default=48)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sheet", type=Path, help="pictures of the worst")
    options = parser.parse_args()
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    find = finder(MATTING.parent / "person-detector", MATTING)
    pictures = HeldOut(options.people, options.scenes, options.composites).several
    shown, results = [], []
    for picture in tqdm(pictures, desc="composites"):
        for result in kept_alone(swapper, find, picture):
            results.append(result)
            shown.append(np.hstack([picture.image, *map(picture_of, result.values())]))
    table = summary(results)
    rows = [[name, *(f"{v:.3f}" for v in row.values())] for name, row in table.items()]
    print(markdown_table(["method", *table["ours"]], rows))
    print(f"{len(results)} people who touch others, in {len(pictures)} composites")
    if options.json:
        figures = {"people": len(results), "methods": table}
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    if options.sheet:
        worst = np.argsort([r["ours"].figures["iou"] for r in results])[:SHEET_ROWS]
        save(np.vstack([shown[i] for i in worst]), options.sheet)


if __name__ == "__main__":
    main()
