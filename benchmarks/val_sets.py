"""Held-out photos of people with their masks, and metrics of a cut-out.

- *street*: ``people512.zip``, full figures; the main person's mask by hand, passers-by unlabelled.
- *varied*: ``people_more.zip`` and the ``mixed_`` photos of ``people.zip``; everybody is labelled.
- *everyday*: a folder of ``NAME.jpg`` with ``NAME.png``, the polygon of one person of the photo.

Each set falls into two parts by its photos' names: a third is for choosing thresholds
(``choice``), two thirds are for figures only (``figures``).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from bgswap.types import Person
from training.common.data import PictureArchive
from training.common.metrics import boundary_iou, iou

Part = Literal["choice", "figures", "all"]
CHOICE = 3
SETS = ("street", "varied", "everyday")
# Minimum share of a detection's mask inside the ground truth to count as a labelled person.
INSIDE = 0.5


@dataclass(frozen=True, eq=False)
class ValPhoto:
    """One labelled photo; its pixels are read on demand.

    Attributes:
        set: ``street``, ``varied`` or ``everyday``.
        name: the photo's, without folder and suffix.
        salient: only one person of the photo is labelled, the main one.
        load: gives photo and mask.
    """

    set: str
    name: str
    salient: bool
    load: Callable[[], tuple[np.ndarray, np.ndarray]]

    def read(self) -> tuple[np.ndarray, np.ndarray]:
        """The photo (H, W, 3) uint8 RGB and its ground truth (H, W) float32 in [0, 1].

        Raises:
            ValueError: the two differ in size.
        """
        photo, mask = self.load()
        if photo.shape[:2] != mask.shape:
            raise ValueError(f"{self.name}: photo {photo.shape} and mask {mask.shape} differ")
        return photo, mask.astype(np.float32) / 255


@dataclass(frozen=True)
class Fit:
    """Metrics of a mask against the ground truth: IoU and boundary IoU at 2 % of the diagonal."""

    iou: float
    boundary_iou: float


def rank(name: str) -> int:
    """A pseudo-random number that depends only on the name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def part_of(name: str) -> Part:
    """Whether the photo of that name is for choosing thresholds or for the metrics."""
    return "choice" if rank(name) % CHOICE == 0 else "figures"


def sampled(
    photos: Sequence[ValPhoto], part: Part = "all", limit: int | None = None
) -> list[ValPhoto]:
    """The photos of a part, in a pseudo-random, fixed order.

    Args:
        limit: how many of each set at most; a smaller sample is the beginning of a larger one.
    """
    ordered = sorted(photos, key=lambda p: rank(p.name))
    chosen = [p for p in ordered if part in ("all", part_of(p.name))]
    kept = {id(p) for name in SETS for p in [c for c in chosen if c.set == name][:limit]}
    return [p for p in chosen if id(p) in kept]


def val_photos(
    people512: Path | None = None,
    more: Path | None = None,
    people: Path | None = None,
    everyday: Path | None = None,
) -> list[ValPhoto]:
    """The labelled photos of the sets whose archive or folder is given.

    Raises:
        FileNotFoundError: there is nothing at one of the paths.
    """
    sources = (
        (people512, "street", "people/val/street_", ".webp", ".hand.png"),
        (more, "varied", "people/val/more_", ".webp", ".png"),
        (people, "varied", "people/val/mixed_", ".webp", ".png"),
        (everyday, "everyday", "", ".jpg", ".png"),
    )
    return [photo for path, *rest in sources if path is not None for photo in _read(path, *rest)]


def _read(path: Path, name: str, begin: str, suffix: str, mask_suffix: str) -> Iterator[ValPhoto]:
    """The photos of an archive or folder whose names begin so and that have a mask beside them."""
    archive = PictureArchive(path)
    known = set(archive.names)

    def load(stem: str) -> tuple[np.ndarray, np.ndarray]:
        return archive.read(stem + suffix), archive.read(stem + mask_suffix, "L")

    for file in archive.names:
        stem = file.removesuffix(suffix)
        if file.startswith(begin) and file.endswith(suffix) and stem + mask_suffix in known:
            yield ValPhoto(name, Path(stem).name, name != "varied", partial(load, stem))


def fit(found: np.ndarray, truth: np.ndarray) -> Fit:
    """Metrics of a mask or alpha (H, W) against the ground truth (H, W), threshold one half."""
    return Fit(iou(found, truth), boundary_iou(found, truth))


def right_people(
    people: Sequence[Person], truth: np.ndarray, one: bool
) -> tuple[list[Person], list[Person]]:
    """Detections that show labelled people, and the others: what a user would select.

    Args:
        people: as found.
        truth: (H, W), the labelled people.
        one: a single person of several is labelled; the one that fits best is them, if any of
            them is in the ground truth.

    Returns:
        Those who stay, and those who go.
    """
    body = truth > 0.5
    if one:
        fits = [iou(p.mask, truth) for p in people]
        best = int(np.argmax(fits)) if fits and max(fits) > 0 else -1
        kept = [n == best for n in range(len(people))]
    else:
        kept = [_share(p.mask > 0.5, body) > INSIDE for p in people]
    stay = [p for p, keep in zip(people, kept, strict=True) if keep]
    return stay, [p for p, keep in zip(people, kept, strict=True) if not keep]


def _share(mask: np.ndarray, body: np.ndarray) -> float:
    return np.count_nonzero(mask & body) / max(np.count_nonzero(mask), 1)
