"""From candidates to people: the threshold, and NMS."""

from dataclasses import replace

import numpy as np
import pytest

from bgswap.detection.finder import FinderConfig, PeopleFinder
from bgswap.detection.mask_nms import mask_nms, shared
from bgswap.errors import NoPersonDetected
from bgswap.types import Person

PHOTO = np.zeros((60, 80, 3), np.uint8)


def person(x0: int, x1: int, confidence: float, top: int = 10) -> Person:
    mask = np.zeros(PHOTO.shape[:2], np.float32)
    mask[top:50, x0:x1] = 1
    return Person(1, (x0, top, x1, 50), confidence, mask)


class Fixed:
    """A detector that always finds the same candidates."""

    judges = False

    def __init__(self, *people: Person) -> None:
        self.people = list(people)

    def detect(self, photo: np.ndarray) -> list[Person]:
        return self.people


def find(people: list[Person], scores: list[float], threshold: float = 0.4) -> list[Person]:
    def alphas(photo: np.ndarray, found: list[Person]) -> list[Person]:
        return [replace(p, confidence=s) for p, s in zip(found, scores, strict=True)]

    finder = PeopleFinder(Fixed(*people), alphas, FinderConfig(threshold, 0.5))
    return finder.find(PHOTO)


def test_people_are_numbered_from_left_to_right() -> None:
    people = find([person(50, 60, 0.9), person(10, 20, 0.8)], [0.9, 0.9])
    assert [(p.number, p.box[0]) for p in people] == [(1, 10), (2, 50)]


def test_confidence_is_the_geometric_mean_of_both_networks() -> None:
    (one,) = find([person(10, 20, 0.9)], [0.4])
    assert one.confidence == pytest.approx(0.6)


def test_the_share_of_the_matters_score_is_its_weight() -> None:
    def alphas(photo: np.ndarray, found: list[Person]) -> list[Person]:
        return [replace(p, confidence=0.5) for p in found]

    finder = PeopleFinder(Fixed(person(10, 20, 0.9)), alphas, FinderConfig(0.4, 0.25))
    assert finder.find(PHOTO)[0].confidence == pytest.approx(0.9**0.75 * 0.5**0.25)


def test_a_candidate_with_an_empty_mask_is_dropped() -> None:
    def alphas(photo: np.ndarray, found: list[Person]) -> list[Person]:
        return [found[0], replace(found[1], mask=np.zeros_like(found[1].mask))]

    people = [person(10, 20, 0.9), person(50, 60, 0.9)]
    assert len(PeopleFinder(Fixed(*people), alphas, FinderConfig(0.4, 0.5)).find(PHOTO)) == 1


def test_a_threshold_that_was_set_stands_above_the_calibration() -> None:
    detector = Fixed(person(10, 20, 0.5))
    detector.judges = True
    assert len(PeopleFinder.of(detector, None, object(), 0.4).find(PHOTO)) == 1
    with pytest.raises(NoPersonDetected):
        PeopleFinder.of(detector, None, object(), 0.6).find(PHOTO)


def test_a_candidate_that_one_network_rejects_is_dropped() -> None:
    people = find([person(10, 20, 0.9), person(50, 60, 0.9)], [0.9, 0.01])
    assert len(people) == 1
    with pytest.raises(NoPersonDetected):
        find([person(10, 20, 0.9)], [0.01])


def test_without_candidates_the_result_is_empty() -> None:
    with pytest.raises(NoPersonDetected):
        find([], [])


def test_a_part_of_somebody_is_not_a_second_person() -> None:
    whole, half = person(10, 30, 0.9), person(12, 28, 0.8, top=30)
    assert shared(whole, half) == 1
    assert mask_nms([half, whole]) == [whole]
    neighbour = person(28, 40, 0.7)
    assert mask_nms([whole, neighbour]) == [whole, neighbour]


def test_masks_apart_share_nothing() -> None:
    assert shared(person(10, 20, 1), person(40, 50, 1)) == 0
    assert shared(person(10, 20, 1), person(12, 12, 1)) == 0


def test_large_photos_come_back_at_their_size() -> None:
    photo = np.zeros((1500, 2000, 3), np.uint8)

    class Half:
        judges = False

        def detect(self, seen: np.ndarray) -> list[Person]:
            assert seen.shape[0] * seen.shape[1] <= 1_000_000
            mask = np.zeros(seen.shape[:2], np.float32)
            mask[100:400, 100:200] = 1
            return [Person(1, (100, 100, 200, 400), 0.9, mask)]

    finder = PeopleFinder(Half(), lambda seen, people: list(people), FinderConfig(0.4, 0.5))
    (one,) = finder.find(photo)
    assert one.size == photo.shape[:2]
    scale = 1500 / one.mask.shape[0] * (2000 * 1500 / 1_000_000) ** 0.5
    assert one.box == pytest.approx(tuple(scale * v for v in (100, 100, 200, 400)), rel=0.01)
    assert one.area == pytest.approx(30_000 / 1_000_000, rel=0.02)


def test_rough_masks_are_cleaned_before_the_network_sees_them() -> None:
    seen: list[Person] = []

    def alphas(photo: np.ndarray, people: list[Person]) -> list[Person]:
        seen.extend(people)
        return list(people)

    def refine(masks: list[np.ndarray], boxes: list) -> list[np.ndarray]:
        assert boxes == [(10, 10, 20, 50)]
        return [np.minimum(mask, np.float32(0.7)) for mask in masks]

    detector = Fixed(person(10, 20, 0.9))
    PeopleFinder(detector, alphas, FinderConfig(0.4, 0.5), refine).find(PHOTO)
    assert seen[0].mask.max() == np.float32(0.7)


def test_a_detector_that_judges_is_final() -> None:
    def never(photo: np.ndarray, people: list[Person]) -> list[Person]:
        raise AssertionError("nobody asked")

    detector = Fixed(person(10, 20, 0.9))
    detector.judges = True
    (one,) = PeopleFinder(detector, never, FinderConfig(0.4, 0.5)).find(PHOTO)
    assert abs(one.confidence - 0.9) < 1e-9


def test_a_look_gives_the_rough_candidates_of_a_detector_that_has_it() -> None:
    class Looking(Fixed):
        def look(self, photo: np.ndarray) -> list[Person]:
            return [person(30, 40, 0.1)]

    def refine(masks: object, boxes: object) -> list[np.ndarray]:
        raise AssertionError("a look refines nothing")

    (seen,) = PeopleFinder(Looking(), refine=refine).look(PHOTO)
    assert seen.box[0] == 30
    (rough,) = PeopleFinder(Fixed(person(10, 20, 0.2)), refine=refine).look(PHOTO)
    assert rough.confidence == 0.2


class Seeing:
    """A detector that finds nobody and keeps what it was shown."""

    judges = True

    def __init__(self) -> None:
        self.shown: list[np.ndarray] = []

    def detect(self, photo: np.ndarray) -> list[Person]:
        self.shown.append(photo)
        return []


def test_a_photo_is_brightened_as_a_whole() -> None:
    dark = np.full((60, 300, 3), 30, np.uint8)
    lit = dark.copy()
    lit[:, 200:] = 255
    for photo, brightest in ((dark, 120), (lit, 255)):
        seeing = Seeing()
        finder = PeopleFinder(seeing)
        with pytest.raises(NoPersonDetected):
            finder.find(photo)
        assert len(seeing.shown) > 2, "a panorama is searched in tiles"
        assert max(int(tile.max()) for tile in seeing.shown) == brightest
    # The dark tiles of a photo with light in it stay dark.
    assert min(int(tile.max()) for tile in seeing.shown) == 30
