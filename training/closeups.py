"""What the person U-Net learns from: candidates that the shipped detector really finds.

The detector looks once at photos, composites and empty scenes. Each of its candidates becomes a
close-up: the photo, the candidate's rough mask, everybody else's, and the true mask of whom it
shows, if anybody. Close-ups are kept in one array on disk and varied when they are drawn.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from bgswap.people.closeup import cut, window_of
from bgswap.people.detector import PersonDetector, restored_threads
from bgswap.types import Person
from training.composites import LAYOUTS, Composer
from training.cutouts import PASSER_BY, Photo, alone, load_photos
from training.data import PictureArchive
from training.photometric import camera

# Candidates of less confidence than this are left out. The program itself looks closer at fewer.
LEAST = 0.06
# Kept this much larger than the network's window, so that windows can be moved when drawn.
GROWN = 1.25
STORED = (240, 160)
SIZES = ((480, 640), (640, 480), (512, 512), (420, 420))
# A candidate shows somebody where this share of it is theirs, and it is this share of them;
# where it is less than HARDLY theirs it shows nobody; in between nobody can tell.
THEIRS, OF_THEM, HARDLY = 0.55, 0.12, 0.25
SOMEBODY, NOBODY, UNCLEAR = 1, 0, 2
# What a close-up was cut from.
COMPOSITE, PHOTO, SCENE = 0, 1, 2
# Layers of a close-up: red, green, blue, rough mask, others' rough masks, true mask.
LAYERS = 6


@dataclass(frozen=True, eq=False)
class Closeups:
    """crops (N, 240, 160, 6) uint8, read from disk as needed; kinds and sources (N,), as above."""

    crops: np.ndarray
    kinds: np.ndarray
    sources: np.ndarray


def closeups_of(
    image: np.ndarray, truths: list[np.ndarray], people: list[Person], passers_by: bool
) -> Iterator[tuple[np.ndarray, int]]:
    """The close-ups of one picture's candidates, and what each shows.

    Args:
        image: (H, W, 3) uint8 RGB.
        truths: (H, W) uint8, one for each true person; 255 is theirs.
        people: the candidates.
        passers_by: whether somebody without a true mask may be there: sure ones are unclear then.
    """
    for person in people:
        true, kind = _shown(person, truths)
        if passers_by and kind == NOBODY and person.confidence >= PASSER_BY:
            kind = UNCLEAR
        others = [p.mask for p in people if p is not person]
        union = np.maximum.reduce(others) if others else np.zeros_like(person.mask)
        rough = (np.uint8(mask * 255) for mask in (person.mask, union))
        window = window_of(person.box, GROWN)
        layers = (cut(layer, window, STORED, 0) for layer in (*rough, true))
        yield np.dstack([cut(image, window, STORED, 128), *layers]), kind


def _shown(person: Person, truths: list[np.ndarray]) -> tuple[np.ndarray, int]:
    """The true mask of whom a candidate shows, and whether it shows anybody."""
    body = person.mask > 0.5
    size = max(np.count_nonzero(body), 1)
    shares = [np.count_nonzero(body & (true > 127)) for true in truths]
    best = int(np.argmax(shares)) if shares else 0
    if not shares or shares[best] < HARDLY * size:
        return np.zeros(body.shape, np.uint8), NOBODY
    theirs, of_them = shares[best] / size, shares[best] / np.count_nonzero(truths[best] > 127)
    union = size + np.count_nonzero(truths[best] > 127) - shares[best]
    sure = (theirs >= THEIRS and of_them >= OF_THEM) or shares[best] / union >= 0.4
    return truths[best], SOMEBODY if sure else UNCLEAR


# An image, its true masks, whether others may pass by, and what it is.
Picture = tuple[np.ndarray, list[np.ndarray], bool, int]


class Pictures(Dataset):
    """Composites, photos of one person and scenes; number n is always the same.

    Args:
        photos: of one person each.
        scenes: archive.
        part: ``"train"`` or ``"val"``.
        count: composites; there are a third as many scenes.
    """

    def __init__(self, photos: list[Photo], scenes: PictureArchive, part: str, count: int) -> None:
        self.photos, self.scenes, self.count = photos, scenes, count
        self.composer = Composer(photos, scenes, part, seed=0)  # seeded anew for each picture
        names = scenes.pictures(part)
        chosen = np.random.default_rng(2)
        self.names = chosen.choice(names, min(len(names), count // 3), replace=False)

    def __len__(self) -> int:
        return self.count + len(self.photos) + len(self.names)

    def __getitem__(self, number: int) -> Picture:
        rng = np.random.default_rng([3, number])
        if number < self.count:
            self.composer.rng = rng
            size = SIZES[number % len(SIZES)]
            made = self.composer.compose(*size, LAYOUTS[0] if number % 8 == 0 else None)
            truths = [np.uint8(made.instances == i + 1) * 255 for i in range(made.instances.max())]
            return made.image, truths, False, COMPOSITE
        number -= self.count
        if number < len(self.photos):
            photo = self.photos[number]
            return photo.image, [photo.alpha], not photo.portrait, PHOTO
        name = self.names[number - len(self.photos)]
        scene = cv2.resize(self.scenes.read(name), (384, 384), interpolation=cv2.INTER_CUBIC)
        return camera(scene, rng), [], False, SCENE


class _Mapped(Dataset):
    """What a function gives for each of a sequence of items."""

    def __init__(self, function: Callable[[Any], Any], items: Sequence[Any] | Dataset) -> None:
        self.function, self.items = function, items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, number: int) -> Any:
        return self.function(self.items[number])


def _as_it_is(item: Any) -> Any:
    return item


def in_order(
    function: Callable[[Any], Any], items: Sequence[Any] | Dataset, workers: int
) -> Iterator[Any]:
    """``function`` of every item, in their order, by so many forked processes; 0 is this one."""
    with restored_threads():
        if workers:
            cv2.setNumThreads(1)  # its threads do not come along into a fork
        yield from DataLoader(
            _Mapped(function, items),
            batch_size=None,
            collate_fn=_as_it_is,
            num_workers=workers,
            multiprocessing_context="fork" if workers else None,
        )


def _look(detector: PersonDetector, picture: Picture) -> list[tuple[np.ndarray, int, int]]:
    """The close-ups of a picture's candidates, what each shows, and what the picture is."""
    image, truths, passers_by, source = picture
    found = closeups_of(image, truths, detector.candidates(image), passers_by)
    return [(crop, kind, source) for crop, kind in found]


def gather(
    detector: PersonDetector,
    people: Path,
    scenes: Path,
    part: str,
    count: int,
    folder: Path,
    workers: int = 0,
) -> Closeups:
    """Look at all pictures of ``part`` and keep the close-ups in ``folder``; read them if there.

    Args:
        detector: looks once at each picture.
        people, scenes: archives.
        part: ``"train"`` or ``"val"``.
        count: composites to draw.
        folder: for ``closeups-PART.raw``, and their kinds and sources in ``closeups-PART.npy``.
        workers: processes that look; their number changes nothing but rounding.
    """
    crops_file, kinds_file = folder / f"closeups-{part}.raw", folder / f"closeups-{part}.npy"
    if not kinds_file.exists():
        photos = load_photos(PictureArchive(people), part)
        photos = list(in_order(partial(alone, find=detector.candidates), photos, workers))
        pictures = Pictures(photos, PictureArchive(scenes), part, count)
        looks = in_order(partial(_look, detector), pictures, workers)
        rows = []
        with crops_file.open("wb") as file:
            for found in tqdm(looks, f"{part} close-ups", len(pictures), mininterval=10):
                for crop, *kind_and_source in found:
                    file.write(crop.tobytes())
                    rows.append(kind_and_source)
        np.save(kinds_file, np.uint8(rows).reshape(-1, 2))
    kinds, sources = np.load(kinds_file).T
    shape = (len(kinds), *STORED, LAYERS)
    return Closeups(np.memmap(crops_file, np.uint8, "r", shape=shape), kinds, sources)
