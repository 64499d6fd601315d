"""Which seeds are tried, when it is enough, and what is shown: with scenes of one color each."""

import numpy as np
import pytest

from bgswap.backgrounds import ranking
from bgswap.backgrounds.diffusion.scenes import Scenes
from bgswap.backgrounds.search import MOST_RETRIES, search
from bgswap.errors import NoPersonDetected, SceneRejected
from bgswap.options import SwapOptions
from bgswap.types import Person

PHOTO = np.full((40, 40, 3), 90, np.uint8)
ALPHA = np.zeros((40, 40), np.float32)
ALPHA[10:, 10:20] = 1


class Painter:
    """Scenes whose level is their seed; those of ``crowded`` seeds show somebody extra."""

    def __init__(self, crowded: set[int], refused: set[int] = frozenset()) -> None:
        self.crowded, self.refused = crowded, refused
        self.asked: list[list[int]] = []

    def paint(self, seeds: list[int]) -> Scenes:
        self.asked.append(seeds)
        made = [seed for seed in seeds if seed not in self.refused]
        if not made:
            raise SceneRejected("refused")
        return Scenes([np.full((40, 40, 3), s % 256, np.uint8) for s in made], made, [])

    def find(self, image: np.ndarray) -> list[Person]:
        seed = int(image[0, 0, 0])
        if seed not in {crowded % 256 for crowded in self.crowded}:
            raise NoPersonDetected
        mask = np.zeros((40, 40), np.float32)
        # The higher the seed, the less of a crowd.
        mask[:10, seed % 16 :] = 1
        return [Person(1, (0, 0, 40, 10), 0.9, mask)]

    def search(self, **options: int):
        return search(ALPHA, SwapOptions(**options), self.paint, self.judge)

    def judge(self, scene: np.ndarray) -> ranking.Judgement:
        return ranking.judge(scene, ALPHA, self.find)


def seeds(found) -> list[int]:
    return [one.seed for one in found.backgrounds]


def test_a_good_scene_is_enough():
    painter = Painter(crowded=set())
    found = painter.search(seed=5)
    assert painter.asked == [[5]]
    assert (seeds(found), found.retries, found.good) == ([5], 0, True)


def test_one_good_variation_is_enough_and_comes_first():
    painter = Painter(crowded={5, 7})
    found = painter.search(seed=5, variations=3)
    assert painter.asked == [[5, 6, 7]]
    assert (seeds(found), found.good) == ([6, 7, 5], True)


def test_the_next_seed_is_tried_where_somebody_was_added():
    painter = Painter(crowded={5})
    found = painter.search(seed=5)
    assert painter.asked == [[5], [6]]
    assert (seeds(found), found.retries, found.good) == ([6, 5], 1, True)


def test_the_budget_ends_and_the_best_is_first():
    painter = Painter(crowded=set(range(100)))
    found = painter.search(seed=5, variations=2)
    assert painter.asked == [[5, 6], [7], [8]]
    assert len(painter.asked) == 1 + MOST_RETRIES
    assert (seeds(found), found.retries, found.good) == ([8, 7, 6, 5], 2, False)


def test_seeds_wrap_around_after_the_last():
    painter = Painter(crowded={2**32 - 1})
    assert seeds(painter.search(seed=2**32 - 1)) == [0, 2**32 - 1]


def test_a_random_seed_is_reported():
    painter = Painter(crowded=set())
    first, second = (seeds(painter.search())[0] for _ in range(2))
    assert painter.asked == [[first], [second]]
    assert first != second


def test_requested_scenes_survive_a_rejected_retry():
    found = Painter(crowded={5}, refused={6}).search(seed=5)
    assert (seeds(found), found.retries, found.good) == ([7, 5], 2, True)
    with pytest.raises(SceneRejected):
        Painter(crowded=set(), refused={5}).search(seed=5)
