"""How well people are found, measured through the finder that the product uses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bgswap.detection.finder import FinderConfig, PeopleFinder
from bgswap.detection.yolo import YoloDetector
from bgswap.errors import NoPersonDetected
from bgswap.matting.network import NetworkMatter
from bgswap.types import Person
from training.common.data import PictureArchive, people_names, read_person
from training.common.metrics import iou
from training.common.plots import Table
from training.synthesis.composites import Composer, Composite
from training.synthesis.cutouts import load_photos

# From a picture (H, W, 3) uint8 RGB to the people in it.
Finder = Callable[[np.ndarray], list[Person]]

# The val photos: one in so many is for choosing thresholds, the others are for figures alone.
CHOSEN_ON = 3
THRESHOLDS = tuple(n / 100 for n in range(10, 92, 2))
# F2: who is found wrongly can be clicked away, who is missed cannot be called back.
MISSED_WEIGHT = 0.8
# Of the thresholds whose quality is as good as the best, the highest: it finds fewer wrongly.
AS_GOOD = 0.001
SETS = {
    "single": "photos of one person",
    "several": "composites of several people",
    "groups": "varied photos, one to eight people",
    "empty": "scenes without people",
}
# Straight from composites.LAYOUTS; each is drawn as often as the others.
SEVERAL = ("row", "scatter", "close", "scatter close")


@dataclass(frozen=True)
class Match:
    """One person found: how sure, and the IoU with the true one it was paired with (0: none)."""

    confidence: float
    iou: float


@dataclass(frozen=True)
class Scores:
    """Over a set of pictures.

    Attributes:
        recall: share of the true people found with an IoU of 0.5 or more.
        iou: mean mask IoU of those.
        false: people found where there were none, a picture.
        quality: panoptic quality (Kirillov et al., CVPR 2019), segmentation times recognition, with
            the F2 score for recognition instead of F1.
    """

    recall: float
    iou: float
    false: float
    quality: float


def finder(detector: Path, matting: Path, config: FinderConfig | None = None) -> Finder:
    """The detector and the matting network of two folders as one; nobody is an empty list here.

    Args:
        detector, matting: folders in Hub layout.
        config: how sure one has to be; as the matting network's calibration says if None.
    """
    matter = NetworkMatter.from_folder(matting)
    chosen = matter.calibration
    config = config or FinderConfig(chosen.threshold, chosen.score_weight)
    people = PeopleFinder(YoloDetector.load(detector), matter.alphas, config)

    def find(image: np.ndarray) -> list[Person]:
        try:
            return people.find(image)
        except NoPersonDetected:
            return []

    return find


def match(people: Sequence[Person], instances: np.ndarray) -> list[Match]:
    """Pair the people found, surest first, each with the true one that fits best and is free.

    Args:
        people: as found.
        instances: (H, W) uint8, 0 is background and 1...n the people.
    """
    free = set(range(1, int(instances.max()) + 1))
    matches = []
    for person in sorted(people, key=lambda p: -p.confidence):
        overlaps = {i: iou(person.mask, instances == i) for i in free}
        best = max(overlaps, key=overlaps.__getitem__, default=0)
        good = best and overlaps[best] >= 0.5
        if good:
            free.remove(best)
        matches.append(Match(person.confidence, overlaps[best] if good else 0.0))
    return matches


def scores(matches: Sequence[Sequence[Match]], people: int, threshold: float) -> Scores:
    """Scores of some pictures' matches at a threshold, of ``people`` true ones in all."""
    sure = [m.iou for picture in matches for m in picture if m.confidence >= threshold]
    hits = [v for v in sure if v > 0]
    false = len(sure) - len(hits)
    weight = len(hits) + MISSED_WEIGHT * (people - len(hits)) + (1 - MISSED_WEIGHT) * false
    return Scores(
        recall=len(hits) / people if people else 1.0,
        iou=float(np.mean(hits)) if hits else 0.0,
        false=false / max(len(matches), 1),
        quality=sum(hits) / weight if weight else 1.0,
    )


class HeldOut:
    """The validation pictures: photos of one person, composites of several, empty scenes.

    Args:
        people, scenes: the archives; only their ``val`` parts are read.
        composites: how many composites to draw, and how many scenes to take.
        choosing: take the photos that thresholds are chosen on, not those for figures.
    """

    def __init__(
        self, people: Path, scenes: Path, composites: int = 64, choosing: bool = False
    ) -> None:
        self.archive, scene_archive = PictureArchive(people), PictureArchive(scenes)
        every = load_photos(self.archive, "val")
        photos = [p for i, p in enumerate(every) if (i % CHOSEN_ON == 0) == choosing] or every
        self.single = [Composite(p.image, np.uint8(p.alpha > 127)) for p in photos]
        composer = Composer(photos, scene_archive, "val", seed=0)
        # larger than the photos, so that the people in them are no less sharp than a camera's
        drawn = (composer.compose(480, 640, SEVERAL[n % len(SEVERAL)]) for n in range(composites))
        self.several = [c for c in drawn if c.instances.any()]
        names = scene_archive.pictures("val")
        self.empty = [scene_archive.read(n) for n in names[:: max(len(names) // composites, 1)]]

    def matches(self, find: Finder, pictures: Iterable[Composite]) -> list[list[Match]]:
        """Who is found in pictures, beside the truth."""
        return [match(find(p.image), p.instances) for p in pictures]

    def groups(self, find: Finder) -> float:
        """Mean IoU of all people found together with the one mask of a varied photo's group."""
        stems = [s for s in people_names(self.archive, "val") if "/mixed_" in s]
        found = []
        for image, alpha in (read_person(self.archive, s) for s in stems):
            union = np.zeros(alpha.shape, np.float32)
            for person in find(image):
                union = np.maximum(union, person.mask)
            found.append(iou(union, alpha / 255))
        return float(np.mean(found)) if found else 0.0


def count(pictures: Iterable[Composite]) -> int:
    """True people in all the pictures."""
    return sum(int(p.instances.max()) for p in pictures)


def best_threshold(find: Finder, held_out: HeldOut) -> tuple[float, float]:
    """The least confidence with the best mean panoptic quality, and that quality.

    Args:
        find: finds people down to the lowest of ``THRESHOLDS``.
        held_out: pictures of one person and of several, which count alike.
    """
    sets = (held_out.single, held_out.several)
    found = [(held_out.matches(find, pictures), count(pictures)) for pictures in sets]

    def quality(threshold: float) -> float:
        return float(np.mean([scores(m, n, threshold).quality for m, n in found]))

    best = max(map(quality, THRESHOLDS))
    return max(t for t in THRESHOLDS if quality(t) >= best - AS_GOOD), best


def measure(find: Finder, held_out: HeldOut) -> Table:
    """The figures of the model card: recall, mask IoU and false people on each set of pictures.

    What a set cannot tell is not a number there.
    """
    table = {}
    for name in ("single", "several"):
        pictures = getattr(held_out, name)
        found = scores(held_out.matches(find, pictures), count(pictures), 0.0)
        table[SETS[name]] = _row(found.recall, found.iou, found.false)
    table[SETS["groups"]] = _row(together=held_out.groups(find))
    empty = [len(find(image)) for image in held_out.empty]
    return table | {SETS["empty"]: _row(false_people=float(np.mean(empty)))}


def _row(
    recall: float = np.nan,
    iou: float = np.nan,
    false_people: float = np.nan,
    together: float = np.nan,
) -> dict[str, float]:
    return {"recall": recall, "iou": iou, "false_people": false_people, "together": together}
