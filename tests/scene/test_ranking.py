"""The order of candidates, with people drawn and found by a finder of ours."""

import numpy as np
import pytest

from bgswap.errors import NoPersonDetected
from bgswap.scene.ranking import Judged, rank
from bgswap.types import Person

SIZE = 100
KEPT = (20, 40, 40, 100)


def drawn(*boxes):
    mask = np.zeros((SIZE, SIZE), np.float32)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = 1
    return mask


def candidate(number):
    return np.full((SIZE, SIZE, 3), number, np.uint8)


def finder(found):
    """Finds in picture n what ``found[n]`` lists; an empty list is nobody."""

    def find(image):
        boxes = found[int(image[0, 0, 0])]
        if not boxes:
            raise NoPersonDetected
        return [Person(i, box, 0.9, drawn(box)) for i, box in enumerate(boxes, 1)]

    return find


def judge(*found):
    return rank([candidate(i) for i in range(len(found))], drawn(KEPT), finder(found))


def test_the_person_found_again_as_they_were_has_not_grown():
    assert judge([KEPT]) == [Judged(0, 0.0, 0)]


def test_growth_is_the_area_beyond_the_kept_over_the_picture():
    (one,) = judge([(20, 40, 45, 100)])
    assert one.expansion == pytest.approx(5 * 60 / SIZE**2)
    assert one.extra_people == 0


def test_a_shrunken_person_has_not_grown():
    assert judge([(25, 50, 35, 100)]) == [Judged(0, 0.0, 0)]


def test_somebody_new_is_counted_with_their_whole_area():
    (one,) = judge([KEPT, (60, 20, 90, 100)])
    assert one.expansion == pytest.approx(30 * 80 / SIZE**2)
    assert one.extra_people == 1


def test_half_of_the_own_area_decides_who_is_new():
    assert judge([(20, 40, 60, 100)])[0].extra_people == 0
    assert judge([(20, 40, 61, 100)])[0].extra_people == 1


def test_nobody_found_is_no_expansion():
    assert judge([]) == [Judged(0, 0.0, 0)]


def test_order_is_expansion_then_extra_people_then_as_given():
    grown = [(20, 40, 50, 100)]
    also_grown_by_a_stranger = [KEPT, (50, 40, 60, 100)]
    order = judge(also_grown_by_a_stranger, grown, [KEPT], [KEPT, (60, 0, 70, 90)], [KEPT])
    assert [one.index for one in order] == [2, 4, 1, 0, 3]


def test_overlapping_finds_are_not_counted_twice():
    (one,) = judge([KEPT, (60, 40, 80, 100), (60, 40, 80, 100)])
    assert one.expansion == pytest.approx(20 * 60 / SIZE**2)
    assert one.extra_people == 2


def test_the_kept_mask_may_have_another_size():
    small = drawn(KEPT)[::2, ::2]
    (one,) = rank([candidate(0)], small, finder([[KEPT]]))
    assert one.expansion == 0
