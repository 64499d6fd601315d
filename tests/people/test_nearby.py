"""Looks from nearby, with a finder that is a few lines of numpy."""

import numpy as np
import pytest

from bgswap.people.colours import BELIEF
from bgswap.people.nearby import MARGINS, SEEN, each_once, look_nearby, overlap, window
from bgswap.types import Person

BOX = (60.0, 30.0, 80.0, 90.0)


def person_of(mask: np.ndarray, confidence: float, number: int = 1) -> Person:
    rows, columns = np.nonzero(mask > 0.5)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return Person(number, tuple(map(float, box)), confidence, mask.astype(np.float32))


def photo_with_a_bright_figure() -> np.ndarray:
    photo = np.zeros((120, 160, 3), np.uint8)
    photo[30:90, 60:80] = 255
    photo[30:50, 76:80] = 0  # not the same when mirrored
    return photo


def bright(pictures: list[np.ndarray]) -> list[list[Person]]:
    masks = (picture[..., 0] > 127 for picture in pictures)
    return [[person_of(mask, 0.9)] if mask.any() else [] for mask in masks]


def unsure(pictures: list[np.ndarray]) -> list[list[Person]]:
    """Somebody everywhere, hardly."""
    return [[person_of(np.ones(picture.shape[:2]), 0.9 * SEEN)] for picture in pictures]


def test_what_all_looks_see_is_sure_and_stays_where_it_is() -> None:
    photo = photo_with_a_bright_figure()
    rough = np.zeros(photo.shape[:2], np.float32)
    rough[30:90, 60:80] = 1
    together = look_nearby(photo, person_of(rough, 0.3, number=4), bright)
    sure = photo[..., 0] > 127
    assert (together.mask[sure] > 0.99).all()
    # only the first look took the notch for a part of the figure, and its colour is not
    assert together.mask[40, 78] < 0.3 / 3.9
    assert together.mask[rough == 0].max() < 0.01
    assert together.number == 4
    assert together.confidence == pytest.approx((0.3 + 4 * 0.9) / 5)
    assert together.box == pytest.approx(BOX)


def test_looks_that_find_somebody_else_do_not_count() -> None:
    photo = photo_with_a_bright_figure()
    rough = np.zeros(photo.shape[:2], np.float32)
    rough[30:90, 20:58] = 1
    first = person_of(rough, 0.5)
    for look in (bright, unsure, lambda pictures: [[] for _ in pictures]):
        alone = look_nearby(photo, first, look)
        assert np.abs(alone.mask - first.mask).max() <= BELIEF
        assert alone.box == first.box
        # four looks of five did not see them
        assert alone.confidence == pytest.approx(0.1)


def test_windows_end_at_the_photo() -> None:
    assert window(BOX, (120, 160), 0.0) == (slice(30, 90), slice(60, 80))
    assert window(BOX, (120, 160), 1.0) == (slice(0, 120), slice(0, 140))
    assert list(MARGINS) == sorted(MARGINS)


def test_overlap() -> None:
    assert overlap(BOX, BOX) == 1
    assert overlap(BOX, (80, 30, 100, 90)) == 0
    assert overlap((0, 0, 2, 1), (1, 0, 3, 1)) == pytest.approx(1 / 3)


@pytest.mark.parametrize("side", ["left", "right"])
def test_who_is_cut_by_a_border_is_looked_at_with_their_mirror_image(side: str) -> None:
    photo = np.zeros((120, 160, 3), np.uint8)
    columns = slice(0, 14) if side == "left" else slice(146, 160)
    photo[30:90, columns] = 255
    rough = np.zeros(photo.shape[:2], np.float32)
    rough[30:90, columns] = 1
    shown = []

    def look(pictures: list[np.ndarray]) -> list[list[Person]]:
        shown.extend(pictures)
        return bright(pictures)

    together = look_nearby(photo, person_of(rough, 0.3), look)
    for picture in shown:
        whole = np.flatnonzero((picture[..., 0] > 127).any(axis=0))
        assert len(whole) == 28 and whole[-1] - whole[0] == 27
        np.testing.assert_array_equal(picture, picture[:, ::-1])
    assert together.confidence == pytest.approx((0.3 + 4 * 0.9) / 5)
    assert together.box == pytest.approx((columns.start, 30, columns.stop, 90))
    np.testing.assert_array_equal(together.mask > 0.5, rough > 0.5)


def test_who_fills_the_photo_from_border_to_border_is_shown_as_they_are() -> None:
    photo = np.full((60, 40, 3), 255, np.uint8)
    shown = []

    def look(pictures: list[np.ndarray]) -> list[list[Person]]:
        shown.extend(p.shape for p in pictures)
        return bright(pictures)

    look_nearby(photo, person_of(np.ones((60, 40), np.float32), 0.5), look)
    assert set(shown) == {photo.shape}


def test_a_part_of_a_person_is_that_person() -> None:
    whole, part, beside = np.zeros((3, 120, 160), np.float32)
    whole[30:90, 60:80] = 1
    part[50:88, 61:79] = 1
    beside[30:90, 79:99] = 1
    candidates = [person_of(m, c) for m, c in ((whole, 0.6), (part, 0.8), (beside, 0.7))]
    people = each_once(candidates)
    assert [p.box for p in people] == [(60, 30, 80, 90), (79, 30, 99, 90)]
    assert [p.confidence for p in people] == [0.8, 0.7]
    np.testing.assert_array_equal(people[0].mask, whole)


def test_parts_that_were_found_alone_are_joined_by_the_whole() -> None:
    back, front, whole = np.zeros((3, 120, 160), np.float32)
    back[30:90, 60:70] = 1
    front[30:90, 72:82] = 1
    whole[40:90, 60:81] = 1
    whole[30:90, 60:70] = 1
    candidates = [person_of(m, c) for m, c in ((back, 0.8), (front, 0.7), (whole, 0.6))]
    (person,) = each_once(candidates)
    assert person.confidence == 0.8 and person.box == (60, 30, 82, 90)
    np.testing.assert_array_equal(person.mask, np.maximum.reduce([back, front, whole]))
