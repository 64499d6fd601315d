"""Metrics of person detection, measured through the program's own detection pipeline."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torchmetrics.detection import MeanAveragePrecision

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

# One of so many validation photos is for choosing thresholds, the others for the metrics.
CHOSEN_ON = 3
THRESHOLDS = tuple(n / 100 for n in range(10, 92, 2))
# Weight of false negatives in the F2 score: a false positive can be removed by a click on the page.
MISSED_WEIGHT = 0.8
# The highest threshold within this of the best quality is chosen: it has fewer false positives.
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
    """A detection: its confidence, and its IoU with the matched true person (0: false positive)."""

    confidence: float
    iou: float


@dataclass(frozen=True)
class Scores:
    """Metrics of a set of pictures.

    Attributes:
        recall: share of the true people that are detected with an IoU of 0.5 or more.
        iou: mean mask IoU of the true positives.
        false: false positives a picture.
        quality: panoptic quality (Kirillov et al., CVPR 2019), segmentation times recognition, with
            the F2 score for recognition instead of F1.
    """

    recall: float
    iou: float
    false: float
    quality: float


def finder(detector: Path, matting: Path, config: FinderConfig | None = None) -> Finder:
    """The program's detection with the weights of two folders; an empty list where nobody is found.

    Args:
        detector, matting: folders in Hub layout.
        config: thresholds; None: the matting network's calibration.
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
    """Match detections, by descending confidence, each with the best unmatched true person.

    Args:
        people: the detections.
        instances: (H, W) uint8, 0 is background and 1...n the true people.
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
    """Metrics of pictures' matches at a threshold, with ``people`` true people in total."""
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
        composites: number of composites, and of scenes.
        choosing: use the photos for choosing thresholds, not those for the metrics.
    """

    def __init__(
        self, people: Path, scenes: Path, composites: int = 64, choosing: bool = False
    ) -> None:
        self.archive, scene_archive = PictureArchive(people), PictureArchive(scenes)
        every = load_photos(self.archive, "val")
        photos = [p for i, p in enumerate(every) if (i % CHOSEN_ON == 0) == choosing] or every
        self.single = [Composite(p.image, np.uint8(p.alpha > 127)) for p in photos]
        composer = Composer(photos, scene_archive, "val", seed=0)
        # larger than the photos, so that the people are downscaled and sharp
        drawn = (composer.compose(480, 640, SEVERAL[n % len(SEVERAL)]) for n in range(composites))
        self.several = [c for c in drawn if c.instances.any()]
        names = scene_archive.pictures("val")
        self.empty = [scene_archive.read(n) for n in names[:: max(len(names) // composites, 1)]]

    def matches(self, find: Finder, pictures: Iterable[Composite]) -> list[list[Match]]:
        """The matches of the detections in pictures with the ground truth."""
        return [match(find(p.image), p.instances) for p in pictures]

    def groups(self, find: Finder) -> float:
        """Mean IoU of the union of all detections with the group mask of each varied photo."""
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
    """The confidence threshold with the best mean panoptic quality, and that quality.

    Args:
        find: detects people with a threshold at most the lowest of ``THRESHOLDS``.
        held_out: pictures of one person and of several; both sets have the same weight.
    """
    sets = (held_out.single, held_out.several)
    found = [(held_out.matches(find, pictures), count(pictures)) for pictures in sets]

    def quality(threshold: float) -> float:
        return float(np.mean([scores(m, n, threshold).quality for m, n in found]))

    best = max(map(quality, THRESHOLDS))
    return max(t for t in THRESHOLDS if quality(t) >= best - AS_GOOD), best


def mean_average_precision(
    people: Sequence[Sequence[Person]], pictures: Sequence[Composite]
) -> float:
    """COCO's mask mAP (IoU 0.5 to 0.95) of the people found, by torchmetrics.

    Args:
        people: found in each picture.
        pictures: with the true people, at least one in all.
    """
    metric = MeanAveragePrecision(iou_type="segm")
    for found, picture in zip(people, pictures, strict=True):
        masks = np.array([p.mask > 0.5 for p in found], bool).reshape(-1, *picture.instances.shape)
        numbers = np.arange(1, int(picture.instances.max()) + 1)
        true = picture.instances == numbers[:, None, None]
        scores = torch.tensor([p.confidence for p in found], dtype=torch.float32)
        metric.update([_labeled(masks) | {"scores": scores}], [_labeled(true)])
    # Without any person found it is -1.
    return max(float(metric.compute()["map"]), 0.0)


def _labeled(masks: np.ndarray) -> dict[str, torch.Tensor]:
    """Masks (N, H, W) bool of people, as torchmetrics takes them."""
    labels = torch.zeros(len(masks), dtype=torch.int64)
    return {"masks": torch.from_numpy(masks), "labels": labels}


def measure(find: Finder, held_out: HeldOut) -> Table:
    """The metrics of the model card: mask mAP, recall, mask IoU, false positives on each set.

    Metrics that a set does not support are NaN.
    """
    table = {}
    for name in ("single", "several"):
        pictures = getattr(held_out, name)
        people = [find(picture.image) for picture in pictures]
        pairs = zip(people, pictures, strict=True)
        found = scores([match(p, picture.instances) for p, picture in pairs], count(pictures), 0.0)
        precision = mean_average_precision(people, pictures)
        table[SETS[name]] = _row(found.recall, found.iou, found.false, map=precision)
    table[SETS["groups"]] = _row(together=held_out.groups(find))
    empty = [len(find(image)) for image in held_out.empty]
    return table | {SETS["empty"]: _row(false_people=float(np.mean(empty)))}


def _row(
    recall: float = np.nan,
    iou: float = np.nan,
    false_people: float = np.nan,
    together: float = np.nan,
    map: float = np.nan,
) -> dict[str, float]:
    row = {"recall": recall, "iou": iou, "false_people": false_people, "together": together}
    return row | {"map": map}
