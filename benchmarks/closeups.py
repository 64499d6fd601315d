"""Hair and hands of real people over new backgrounds, at the photo's resolution.

    python -m benchmarks.closeups --output docs/closeups.jpg [--people datasets/people.zip]

A row a crop: the photo, then the person over white, black, saturated green and a scene. The
photos are ultralytics' ``bus.jpg`` and ``zidane.jpg``, and held-out street photos where an archive
is given.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.sheet import known_photo
from bgswap import BackgroundSwapper, Settings, SwapOptions
from bgswap.compositing import blend
from bgswap.io.encoding import save
from bgswap.io.images import open_photo
from bgswap.types import Person
from training.common.data import PictureArchive, people_names, read_person

PLAIN = ((255, 255, 255), (0, 0, 0), (0, 255, 0))
PROMPT, SEED = "a forest in autumn, golden light", 3
SIDE, GAP = 176, 4
# Minimum height of a person in pixels: smaller ones have no visible hair.
SMALLEST = 0.03
# Range of the hands' height in a standing person, as shares from the top.
HANDS = (0.35, 0.6)
ARCHIVE_PHOTOS = 3

Window = tuple[slice, slice]


def photos(people: Path | None) -> Iterator[np.ndarray]:
    """The photos, (H, W, 3) uint8 RGB."""
    for name in ("bus.jpg", "zidane.jpg"):
        yield open_photo(known_photo(name))
    if people is not None:
        archive = PictureArchive(people)
        stems = [s for s in people_names(archive, "val") if "/street_" in s]
        for stem in stems[:: max(len(stems) // ARCHIVE_PHOTOS, 1)][:ARCHIVE_PHOTOS]:
            yield read_person(archive, stem)[0]


def window(x: int, y: int, size: tuple[int, int]) -> Window:
    """A square of ``SIDE`` pixels round a place, moved into a photo of (H, W)."""
    left = int(np.clip(x - SIDE // 2, 0, max(size[1] - SIDE, 0)))
    top = int(np.clip(y - SIDE // 2, 0, max(size[0] - SIDE, 0)))
    return slice(top, top + SIDE), slice(left, left + SIDE)


def places(person: Person) -> list[Window]:
    """The windows of the person's hair, and of a part of the outline where a hand may be."""
    body = person.mask > 0.5
    rows = np.flatnonzero(body.any(axis=1))
    top, height = int(rows[0]), int(rows[-1] - rows[0])
    crown = int(np.flatnonzero(body[top : top + 3].any(axis=0)).mean())
    level = slice(top + int(HANDS[0] * height), top + int(HANDS[1] * height) + 1)
    y, x = np.nonzero(body[level])
    hand = int(np.argmax(np.abs(x - x.mean())))
    size = person.mask.shape
    return [
        window(crown, top + SIDE // 3, size),
        window(int(x[hand]), level.start + int(y[hand]), size),
    ]


def crops(swapper: BackgroundSwapper, photo: np.ndarray) -> list[np.ndarray]:
    """A row for each place of each person large enough, (SIDE, n SIDE, 3) uint8 RGB."""
    people = swapper.find_people(photo)
    swap = swapper.swap(photo, PROMPT, options=SwapOptions(seed=SEED))
    own, alpha = swap.cutout[..., :3], swap.cutout[..., 3] / np.float32(255)
    over = [blend.composite(own, alpha, np.full_like(photo, color)) for color in PLAIN]
    large = [p for p in people if p.area >= SMALLEST]
    return [
        np.hstack([framed(picture[place]) for picture in (photo, *over, swap.image)])
        for person in large
        for place in places(person)
    ]


def framed(crop: np.ndarray) -> np.ndarray:
    """A crop (h, w, 3) on a grey square, with a gap on its right and below."""
    down, right = SIDE + GAP - crop.shape[0], SIDE + GAP - crop.shape[1]
    return cv2.copyMakeBorder(crop, 0, down, 0, right, cv2.BORDER_CONSTANT, value=(128,) * 3)


def in_columns(rows: Sequence[np.ndarray], columns: int = 2) -> np.ndarray:
    """Rows of one shape below each other, in several columns; the last may end early."""
    tall = -(-len(rows) // columns)
    blank = np.full_like(rows[0], 128)
    filled = [*rows, *[blank] * (tall * columns - len(rows))]
    return np.hstack([np.vstack(filled[n * tall : (n + 1) * tall]) for n in range(columns)])


def main() -> None:
    """Make the sheet and write it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, help="PNG, JPEG or WebP")
    parser.add_argument("--people", type=Path, help="people.zip or a folder of that layout")
    options = parser.parse_args()
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    rows = [row for photo in photos(options.people) for row in crops(swapper, photo)]
    save(in_columns(rows), options.output)


if __name__ == "__main__":
    main()
