"""How candidates are judged and ordered, with people drawn and found by a finder of ours."""

import numpy as np
import pytest

from bgswap.backgrounds import ranking
from bgswap.backgrounds.ranking import GROWN, is_good, rank
from bgswap.errors import NoPersonDetected
from bgswap.types import Background, Person

SIZE = 100
KEPT = (20, 40, 40, 100)


def drawn(*boxes):
    mask = np.zeros((SIZE, SIZE), np.float32)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = 1
    return mask


def judge(*boxes, kept=None):
    """The judgement of a picture in which these are found; none at all is nobody."""

    def find(image):
        assert image.shape == (SIZE, SIZE, 3)
        if not boxes:
            raise NoPersonDetected
        return [Person(i, box, 0.9, drawn(box)) for i, box in enumerate(boxes, 1)]

    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    return ranking.judge(picture, drawn(KEPT) if kept is None else kept, find)


def quickly(seen, found):
    """The judgement by a look that shows some boxes, and how often the search ran."""
    searches = []

    def find(image):
        searches.append(image)
        return [Person(i, box, 0.9, drawn(box)) for i, box in enumerate(found, 1)]

    def look(image):
        return [Person(i, box, 0.2, drawn(box)) for i, box in enumerate(seen, 1)]

    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    return ranking.judge_quickly(picture, drawn(KEPT), look, find), len(searches)


@pytest.mark.parametrize("seen", [[], [KEPT], [(20, 40, 41, 100)], [KEPT, (22, 50, 30, 90)]])
def test_a_look_that_shows_the_kept_alone_is_enough(seen):
    judgement, searches = quickly(seen, [KEPT, (60, 20, 90, 100)])
    assert searches == 0
    assert judgement.extra_people == 0
    assert judgement.expansion <= GROWN * drawn(KEPT).mean()


@pytest.mark.parametrize("doubtful", [(60, 20, 90, 100), (20, 40, 50, 100)])
def test_in_doubt_the_search_decides(doubtful):
    assert quickly([KEPT, doubtful], [KEPT]) == ((0.0, 0), 1)
    judgement, _ = quickly([KEPT, doubtful], [KEPT, (60, 20, 90, 100)])
    assert judgement.extra_people == 1


def candidate(seed, expansion, extra_people=0):
    return Background(np.zeros((1, 1, 3), np.uint8), "scene", seed, expansion, extra_people)


def test_the_person_found_again_as_they_were_has_not_grown():
    assert judge(KEPT) == (0.0, 0)


def test_growth_is_the_area_beyond_the_kept_over_the_picture():
    one = judge((20, 40, 45, 100))
    assert one.expansion == pytest.approx(5 * 60 / SIZE**2)
    assert one.extra_people == 0


def test_a_shrunken_person_has_not_grown():
    assert judge((25, 50, 35, 100)) == (0.0, 0)


def test_a_new_person_counts_with_the_whole_area():
    one = judge(KEPT, (60, 20, 90, 100))
    assert one.expansion == pytest.approx(30 * 80 / SIZE**2)
    assert one.extra_people == 1


def test_half_of_the_own_area_decides_who_is_new():
    assert judge((20, 40, 60, 100)).extra_people == 0
    assert judge((20, 40, 61, 100)).extra_people == 1


def test_a_piece_that_is_left_of_somebody_who_went_is_nobody_new():
    piece = (40, 60, 44, 80)
    kept = drawn(KEPT, piece)
    assert judge(KEPT, piece, kept=kept) == (0.0, 0)


def test_no_person_found_means_no_expansion():
    assert judge() == (0.0, 0)


def test_overlapping_finds_are_not_counted_twice():
    one = judge(KEPT, (60, 40, 80, 100), (60, 40, 80, 100))
    assert one.expansion == pytest.approx(20 * 60 / SIZE**2)
    assert one.extra_people == 2


def test_the_kept_mask_may_have_another_size():
    assert judge(KEPT, kept=drawn(KEPT)[::2, ::2]).expansion == 0


def test_order_is_extra_people_then_expansion_then_as_given():
    order = rank(
        [
            candidate(0, 0.01, 1),
            candidate(1, 0.30),
            candidate(2, 0.02),
            candidate(3, 0.01, 2),
            candidate(4, 0.02),
            candidate(5, 0.005, 1),
        ]
    )
    assert [one.seed for one in order] == [2, 4, 1, 5, 0, 3]


def test_good_is_who_adds_nobody_and_lets_nobody_grow_much_for_their_size():
    kept = drawn(KEPT)
    limit = GROWN * kept.mean()
    assert is_good(candidate(0, 0.0), kept)
    assert is_good(candidate(0, 0.99 * limit), kept)
    assert not is_good(candidate(0, 1.01 * limit), kept)
    assert not is_good(candidate(0, 0.0, extra_people=1), kept)
    # The same growth is more for somebody small.
    assert not is_good(candidate(0, 0.99 * limit), drawn((20, 40, 30, 100)))


def test_people_may_grow_by_a_tenth_of_themselves():
    kept = drawn(KEPT)
    share = float(kept.mean())
    assert is_good(candidate(1, 0.09 * share), kept)
    assert not is_good(candidate(1, 0.12 * share), kept)
