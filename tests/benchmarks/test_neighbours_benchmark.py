"""The neighbour benchmark on pictures drawn here, with finders that know the truth."""

from dataclasses import dataclass

import numpy as np
import pytest

from benchmarks import neighbours
from bgswap.types import Person
from training.synthesis.composites import Composite


def two_people(gap: int) -> Composite:
    instances = np.zeros((60, 80), np.uint8)
    instances[10:50, 10:30] = 1
    instances[10:50, 30 + gap : 60] = 2
    return Composite(np.zeros((60, 80, 3), np.uint8), instances)


def person(mask: np.ndarray) -> Person:
    return Person(1, (0.0, 0.0, 1.0, 1.0), 0.9, mask.astype(np.float32))


@dataclass
class Swapper:
    """Keeps what the mask says, less what others' masks say."""

    def matte(self, photo, people, others):
        return np.clip(people[0].mask - others[0].mask, 0, 1)


def test_pixels_taken_and_lost_are_told_apart():
    picture = two_people(gap=0)
    greedy = picture.instances == 1
    greedy[10:50, 30:34] = True  # a fifth of the person's breadth, from the other
    greedy[10:14, 10:30] = False  # a tenth of their height
    people = [person(greedy), person(picture.instances == 2)]
    results = list(neighbours.kept_alone(Swapper(), lambda image: people, picture))
    assert len(results) == 2
    mask, ours = results[0]["mask"].figures, results[0]["ours"].figures
    assert mask["taken"] == pytest.approx(0.2) and mask["lost"] == pytest.approx(0.1)
    assert ours["taken"] == 0 and ours["lost"] == pytest.approx(0.1)
    table = neighbours.summary(results)
    assert table["ours"]["iou"] > table["mask"]["iou"]


def test_people_apart_and_people_missed_do_not_count():
    for picture, found in ((two_people(gap=10), (1, 2)), (two_people(gap=0), (1,))):
        people = [person(picture.instances == n) for n in found]
        assert not list(neighbours.kept_alone(Swapper(), lambda image, p=people: p, picture))
