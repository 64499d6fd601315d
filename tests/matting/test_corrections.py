"""Strokes are certain, end at the edge nearby, and leave the rest as it was."""

from time import perf_counter

import cv2
import numpy as np
import pytest

from bgswap.errors import BadInput
from bgswap.matting.corrections import (
    CorrectionConfig,
    corrected,
    stroke_distance,
)
from bgswap.matting.cutout import cut_out
from bgswap.matting.painted_people import painted_people, person_from_stroke
from bgswap.types import Person, Strokes

SIZE = (240, 320)


def disc(x: int, y: int, radius: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    drawn = np.zeros(size, np.uint8)
    cv2.circle(drawn, (x, y), radius, 1, -1)
    return drawn > 0


def stroke(*points: tuple[int, int], width: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    drawn = np.zeros(size, np.uint8)
    cv2.polylines(drawn, [np.int32(points)], False, 1, width)
    return drawn > 0


def photo_of(body: np.ndarray) -> np.ndarray:
    """A red body on a ground of green and blue stripes, with grain."""
    ground = np.zeros((*body.shape, 3))
    ground[:] = (60, 110, 90)
    ground[::, (np.arange(body.shape[1]) // 20) % 2 == 0] = (50, 80, 130)
    grain = np.random.default_rng(3).normal(0, 4, ground.shape)
    return np.uint8((np.where(body[..., None], (190, 60, 50), ground) + grain).clip(0, 255))


def as_alpha(mask: np.ndarray) -> np.ndarray:
    return mask.astype(np.float32)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


BODY = disc(160, 120, 80)
PHOTO = photo_of(BODY)


def missing_part() -> tuple[np.ndarray, np.ndarray]:
    """The alpha of the body without a part of its right side, and that part."""
    part = BODY & (np.mgrid[: SIZE[0], : SIZE[1]][1] > 200)
    return as_alpha(BODY & ~part), part


def test_keep_restores_a_missing_part_up_to_its_edge() -> None:
    alpha, part = missing_part()
    result = corrected(PHOTO, alpha, keep=stroke((215, 80), (222, 120), (215, 160), width=20))
    assert iou((result > 0.5) & ~(alpha > 0.5), part) >= 0.9
    assert iou(result > 0.5, BODY) >= 0.98


def test_remove_takes_a_wrong_part_away_up_to_the_edge() -> None:
    wrong = np.zeros(SIZE, bool)
    wrong[100:140, 220:290] = True
    alpha = as_alpha(BODY | wrong)
    result = corrected(PHOTO, alpha, remove=stroke((255, 120), (280, 120), width=24))
    assert iou((alpha > 0.5) & ~(result > 0.5), wrong & ~BODY) >= 0.9
    assert iou(result > 0.5, BODY) >= 0.98


@pytest.mark.parametrize("seed", range(8))
def test_strokes_are_certain_and_the_rest_is_untouched(seed: int) -> None:
    rng = np.random.default_rng(seed)
    alpha = np.rint(cv2.GaussianBlur(as_alpha(BODY), None, 3) * 255) / np.float32(255)
    strokes = []
    for _ in range(2):
        points = [(int(x), int(y)) for x, y in rng.integers(0, SIZE[::-1], (3, 2))]
        strokes.append(stroke(*points, width=int(rng.integers(2, 30))))
    keep, remove = strokes
    before = alpha.copy()
    result = corrected(PHOTO, alpha, keep, remove)
    assert (result[keep & ~remove] >= 0.98).mean() >= 0.99
    assert (result[remove] <= 0.02).mean() >= 0.99
    longest = max(PHOTO.shape)
    kept, removed = (stroke_distance(s, longest) for s in (keep & ~remove, remove))
    outside = (kept > 1) & (removed > 1)
    np.testing.assert_array_equal(result[outside], alpha[outside])
    np.testing.assert_array_equal(alpha, before)
    np.testing.assert_allclose(result * 255, np.rint(result * 255), atol=1e-4)
    np.testing.assert_array_equal(result, corrected(PHOTO, alpha, keep, remove))


def test_where_strokes_overlap_remove_wins() -> None:
    both = stroke((150, 120), (170, 120), width=10)
    assert not corrected(PHOTO, as_alpha(BODY), both, both)[both].any()


def test_keep_never_lowers_and_remove_never_raises_alpha() -> None:
    alpha = np.rint(cv2.GaussianBlur(as_alpha(BODY), None, 5) * 255) / np.float32(255)
    line = stroke((230, 60), (230, 180), width=16)
    assert (corrected(PHOTO, alpha, keep=line) >= alpha).all()
    assert (corrected(PHOTO, alpha, remove=line) <= alpha).all()


def test_without_strokes_nothing_changes() -> None:
    alpha = as_alpha(BODY)
    none = np.zeros(SIZE, np.float32)
    for result in (corrected(PHOTO, alpha), corrected(PHOTO, alpha, none, none)):
        np.testing.assert_array_equal(result, alpha)
        assert result is not alpha


def test_reach_goes_with_the_width_of_each_stroke() -> None:
    both = np.zeros(SIZE, bool)
    both[60:180, 60:91], both[60:180, 240:249] = True, True
    near, reach = stroke_distance(both, max(both.shape)), CorrectionConfig().reach
    right, left = (near[120, 160:] <= 1), (near[120, :160] <= 1)
    most = CorrectionConfig().most_reach * max(SIZE)
    assert left.sum() == pytest.approx(31 + 2 * min(31 * reach, most), abs=2)
    assert right.sum() == pytest.approx(9 + 2 * min(9 * reach, most), abs=2)


def test_strokes_at_the_border_and_over_everything() -> None:
    alpha = as_alpha(BODY)
    corner = stroke((0, 0), (319, 0), width=12)
    assert corrected(PHOTO, alpha, keep=corner)[corner].all()
    everything = np.ones(SIZE, bool)
    assert not corrected(PHOTO, alpha, remove=everything).any()
    assert corrected(PHOTO, alpha, keep=everything).all()


@pytest.mark.parametrize("side", ["keep", "remove"])
def test_a_mask_of_another_size_or_kind_is_refused_in_one_sentence(side: str) -> None:
    for wrong in (np.zeros((10, 12), bool), np.zeros((*SIZE, 3), np.float32), np.zeros(SIZE, int)):
        with pytest.raises(BadInput, match=f"The {side} mask") as caught:
            corrected(PHOTO, as_alpha(BODY), **{side: wrong})
        assert "\n" not in str(caught.value)


def test_large_photos_are_corrected_on_a_smaller_crop() -> None:
    size = (1500, 2000)
    body = disc(1000, 750, 500, size)
    part = body & (np.mgrid[:1500, :2000][1] > 1300)
    alpha = as_alpha(body & ~part)
    line = stroke((1380, 500), (1420, 750), (1380, 1000), width=110, size=size)
    photo = photo_of(body)
    corrected(PHOTO, *missing_part()[:1], keep=stroke((210, 120), (215, 120), width=9))
    start = perf_counter()
    result = corrected(photo, alpha, keep=line)
    assert perf_counter() - start < 3
    assert iou((result > 0.5) & ~(alpha > 0.5), part) >= 0.9
    assert result[line].all()


def test_a_person_can_be_painted() -> None:
    painted = stroke((110, 110), (160, 120), (210, 130), width=70)
    person = person_from_stroke(PHOTO, painted & BODY, number=3)
    assert person.number == 3 and person.confidence == 1
    assert iou(person.mask > 0.5, BODY) >= 0.9
    assert person.box == pytest.approx((80, 40, 241, 201), abs=12)
    with pytest.raises(BadInput, match="Nothing is painted"):
        person_from_stroke(PHOTO, np.zeros(SIZE, bool))


class MaskItself:
    """A matter whose alpha is the mask."""

    def matte(self, photo: np.ndarray, mask: np.ndarray, others: object = None) -> np.ndarray:
        return mask


def test_strokes_change_the_people_they_touch() -> None:
    left, right = disc(70, 120, 40), disc(250, 120, 40)
    cut = left & (np.mgrid[: SIZE[0], : SIZE[1]][1] < 90)
    people = [Person(n, (0, 0, 1, 1), 0.8, as_alpha(m)) for n, m in enumerate((cut, right), 1)]
    photo = photo_of(left | right | disc(160, 30, 25))
    keep = stroke((95, 110), (95, 130), width=16) | stroke((155, 30), (165, 30), width=30)
    (third,) = painted_people(photo, people, keep)
    assert third.number == 3 and iou(third.mask > 0.5, disc(160, 30, 25)) >= 0.9
    matter = MaskItself()
    both = cut_out(matter, photo, people, strokes=Strokes(keep))
    assert iou(both.alpha > 0.5, left | right) >= 0.95
    one = cut_out(matter, photo, people[1:], people[:1], earlier=both, strokes=Strokes(keep))
    assert iou(one.alpha > 0.5, right) >= 0.99, "a stroke goes with the person it belongs to"
    assert one.mattes[0] is both.mattes[1]
    away = stroke((250, 80), (250, 160), width=40)
    fewer = cut_out(matter, photo, people[1:], people[:1], strokes=Strokes(remove=away))
    assert fewer.alpha.mean() < 0.7 * people[1].area
    everyone = cut_out(matter, photo, [*people, third], earlier=both)
    assert everyone.mattes[:2] == both.mattes and everyone.mattes[2] is third


def test_strokes_near_each_other_paint_one_person_and_far_ones_two() -> None:
    photo = photo_of(disc(70, 120, 40) | disc(250, 120, 40))
    near = stroke((60, 110), (60, 130), width=14) | stroke((80, 110), (80, 130), width=14)
    far = stroke((250, 100), (250, 140), width=40)
    assert [p.number for p in painted_people(photo, [], near)] == [1]
    assert [p.number for p in painted_people(photo, [], near | far)] == [1, 2]


def test_a_stroke_counts_from_one_half() -> None:
    alpha = as_alpha(BODY)
    line = stroke((215, 80), (222, 120), width=20).astype(np.float32)
    np.testing.assert_array_equal(corrected(PHOTO, alpha, keep=0.4 * line), alpha)
    assert (corrected(PHOTO, alpha, keep=0.6 * line)[line > 0] == 1).all()
