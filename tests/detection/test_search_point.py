"""A click finds who was missed, nobody twice, and divides two people under one mask."""

import numpy as np
import pytest
from blobs import look, scene
from photos import BUS, starter_swapper

from bgswap.detection.mask_nms import shared
from bgswap.detection.search_point import search_point, split
from bgswap.errors import BadInput
from bgswap.io.images import open_photo
from bgswap.types import Person

SIZE = (400, 600)
SMALL, TALL = (450, 300, 470, 350), (80, 60, 180, 380)
PHOTO = scene(SMALL, TALL, size=SIZE)


def doubtful(picture: np.ndarray) -> list[Person]:
    """Finds only who is a quarter as tall as the picture."""
    return look(picture, least=picture.shape[0] // 4)


def person(number: int, box: tuple[int, int, int, int]) -> Person:
    mask = np.float32(scene(box, size=SIZE)[:, :, 0] > 150)
    return Person(number, box, 0.9, mask)


def test_a_person_too_small_in_the_photo_is_found_in_a_crop() -> None:
    assert len(doubtful(PHOTO)) == 1
    found = search_point(PHOTO, (460, 325), [person(1, TALL)], doubtful)
    assert found is not None and found.number == 2 and found.size == SIZE
    assert found.box == pytest.approx(SMALL, abs=2)


def test_a_point_without_a_person_finds_none() -> None:
    assert search_point(PHOTO, (300, 100), [], doubtful) is None


@pytest.mark.parametrize("point", [(130, 200), (78, 220), (130, 385)])
def test_a_known_person_is_not_found_again(point: tuple[int, int]) -> None:
    found = search_point(PHOTO, point, [person(1, TALL)], look)
    assert found is None or shared(found, person(1, TALL)) < 0.1


def test_a_point_a_little_beside_somebody_finds_them() -> None:
    found = search_point(PHOTO, (183, 220), [], look)
    assert found is not None and found.box == pytest.approx(TALL, abs=2)


@pytest.mark.parametrize("point", [(-1, 5), (600, 5), (5, 400)])
def test_a_point_outside_the_photo_is_refused(point: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match="not in the photo"):
        search_point(PHOTO, point, [], look)


LEFT, RIGHT = (100, 80, 200, 380), (195, 60, 295, 380)
PAIR = scene(LEFT, RIGHT, size=SIZE)


def both() -> Person:
    mask = np.maximum(person(1, LEFT).mask, person(1, RIGHT).mask)
    return Person(3, (100, 60, 295, 380), 0.8, mask)


def shares(people: list[Person]) -> list[float]:
    """IoU of two people with those who were drawn."""
    pairs = zip(people, (person(1, LEFT), person(2, RIGHT)), strict=True)
    return [
        float(np.minimum(a.mask, b.mask).sum() / np.maximum(a.mask, b.mask).sum()) for a, b in pairs
    ]


def test_two_people_are_divided_by_the_shortest_way() -> None:
    people = split(PAIR, both(), [(150, 200), (245, 200)])
    assert min(shares(people)) > 0.9
    assert [p.number for p in people] == [3, 0]
    together = people[0].mask + people[1].mask
    np.testing.assert_array_equal(together, both().mask)
    assert people[0].box[2] < people[1].box[2] and people[0].box[0] < people[1].box[0]


def test_two_people_are_divided_as_the_detector_sees_them() -> None:
    calls = []

    def apart(picture: np.ndarray) -> list[Person]:
        calls.append(picture.shape)
        ends = picture.copy()
        middle = np.all(picture == PAIR[200, 250], axis=2)
        ends[~middle] = (60, 110, 90)
        return look(ends)

    photo = PAIR.copy()
    photo[person(1, LEFT).mask > 0.5] = (220, 60, 90)

    def each(picture: np.ndarray) -> list[Person]:
        left = np.all(picture == (220, 60, 90), axis=2)[..., None]
        only_left = np.where(left, (200, 40, 40), (60, 110, 90)).astype(np.uint8)
        return [*look(only_left), *apart(picture)]

    people = split(photo, both(), [(150, 200), (245, 200)], each)
    assert calls and min(shares(people)) > 0.97


def test_a_detector_that_sees_one_person_leaves_it_to_the_mask() -> None:
    assert min(shares(split(PAIR, both(), [(150, 200), (245, 200)], look))) > 0.9


def test_splitting_needs_two_points_on_the_mask() -> None:
    with pytest.raises(BadInput, match="Click on each"):
        split(PAIR, both(), [(150, 200)])
    with pytest.raises(BadInput, match="inside the outline"):
        split(PAIR, both(), [(150, 200), (500, 20)])


def test_the_starter_finds_on_a_click_whom_a_list_lacks() -> None:
    finder, photo = starter_swapper().models.finder(), open_photo(BUS)
    people = finder.find(photo)
    missed = people[1]
    rest = [person for person in people if person is not missed]
    x0, y0, x1, y1 = missed.box
    point = ((x0 + x1) / 2, (y0 + y1) / 2)
    found = finder.find_at(photo, point, rest)
    assert found is not None and shared(found, missed) > 0.9
    assert found.number not in {person.number for person in rest}
    assert finder.find_at(photo, point, people) is None
    assert finder.find_at(photo, (500, 950), people) is None
