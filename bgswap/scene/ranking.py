"""Candidates in the order in which they keep the people as they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.errors import NoPersonDetected
from bgswap.types import Person

Finder = Callable[[np.ndarray], list[Person]]

# Less of a found person than this lies on the kept ones: it is somebody else.
OWN_SHARE = 0.5


@dataclass(frozen=True)
class Judged:
    """How one candidate did.

    Attributes:
        index: its place among the candidates given.
        expansion: share of the picture by which people grew or were added, in [0, 1].
        extra_people: people in it who are none of the kept.
    """

    index: int
    expansion: float
    extra_people: int


def rank(candidates: Sequence[np.ndarray], kept: np.ndarray, find: Finder) -> list[Judged]:
    """Order finished pictures by object expansion, then by extra people, best first.

    The measure is that of Eshratifar et al., 2024 ("Salient Object-Aware Background Generation
    using Text-Guided Diffusion Models"): the people are found again in the picture, and what
    they now cover beyond the kept ones counts, area(out ∪ in) − area(in). Somebody whom the
    model painted adds a whole area by that, and is counted besides. Equals keep their order.

    Args:
        candidates: (H, W, 3) uint8 RGB each, of one size or several.
        kept: (h, w) float32 in [0, 1], the mask of the kept people; resized to each candidate.
        find: finds people in a picture, as the photo's were found; may raise NoPersonDetected.

    Returns:
        One judgement for each candidate, best first.
    """
    judged = [_judge(index, image, kept, find) for index, image in enumerate(candidates)]
    return sorted(judged, key=lambda one: (one.expansion, one.extra_people))


def _judge(index: int, image: np.ndarray, kept: np.ndarray, find: Finder) -> Judged:
    height, width = image.shape[:2]
    before = cv2.resize(kept, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    try:
        masks = [person.mask > 0.5 for person in find(image)]
    except NoPersonDetected:
        masks = []
    after = np.logical_or.reduce([before, *masks])
    extra = sum(bool((mask & before).sum() < OWN_SHARE * mask.sum()) for mask in masks)
    return Judged(index, float(after.mean() - before.mean()), extra)
