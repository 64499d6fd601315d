"""How close-ups are varied when the person U-Net is shown them."""

import cv2
import numpy as np
import pytest
from drawn_people import drawn_closeups

from training import closeup_variation
from training.closeup_variation import cut_by_border, leaked, put_beside, set_before, varied


def test_closeups_stay_whole_where_nothing_is_varied():
    closeup = drawn_closeups(2).crops[1]
    crop, true = varied(closeup, (192, 128), None)
    assert crop.shape == (5, 192, 128) and true.shape == (1, 192, 128)
    # the window is the middle of what is kept, at the same scale
    assert crop[0, 96, 64] == pytest.approx(102 / 128) and true[0, 96, 64] == 1
    assert true.sum() == pytest.approx(140 * 60, rel=0.02)
    rng = np.random.default_rng(3)
    moved = [varied(closeup, (192, 128), rng) for _ in range(12)]
    assert len({float(t.sum()) for _, t in moved}) > 6
    assert all(c[3:].min() >= 0 and c[3:].max() <= 1 for c, _ in moved)
    assert all(t.min() >= 0 and t.max() <= 1 for _, t in moved)


def test_some_are_cut_as_by_the_border_of_a_photo():
    closeup, beyond = drawn_closeups(2).crops[1], []
    for seed in range(12):
        part, stretched = cut_by_border(closeup, np.random.default_rng(seed))
        outside = (part[..., :3] == 128).all(axis=(0, 2))
        assert not part[:, outside, 3:].any()
        np.testing.assert_array_equal(part[:, ~outside], closeup[:, ~outside])
        # the rough mask, 70 columns wide, loses some of them and is shown as a window of its own
        shown = np.flatnonzero(part[..., 3].any(axis=0))
        assert 0.15 * 70 <= shown.size <= 0.85 * 70
        assert outside[shown[0] - 1] or outside[shown[-1] + 1]
        ends = stretched[0, 0] * np.array([shown[0], shown[-1] + 1]) + stretched[0, 2]
        assert ends.mean() == pytest.approx(80) and 0.4 <= np.ptp(ends) * 1.25 / 160 <= 0.65
        beyond.append("left" if outside[0] else "right")
    assert {"left", "right"} == set(beyond)


@pytest.mark.parametrize("often", [0.0, 1.0])
def test_varied_closeups_are_cut_as_often_as_said(monkeypatch, often):
    monkeypatch.setattr(closeup_variation, "AT_BORDER", often)
    closeup = drawn_closeups(2).crops[1].copy()
    closeup[:, :, 4] = 255  # others are all over the photo, and nowhere beyond its border
    crops = [varied(closeup, (192, 128), np.random.default_rng(seed))[0] for seed in range(15)]
    inside = np.median([float(crop[4].mean()) for crop in crops])
    assert inside < 0.88 if often else inside > 0.95


def test_whom_a_border_would_hide_is_left_whole():
    closeup = drawn_closeups(2).crops[1].copy()
    closeup[:, :, 5] = 0
    closeup[0, 0, 5] = 255  # hardly anything of the rough mask is theirs
    part, stretched = cut_by_border(closeup, np.random.default_rng(0))
    np.testing.assert_array_equal(part, closeup)
    np.testing.assert_array_equal(stretched, np.eye(3))


def test_a_person_is_set_before_what_another_photo_shows():
    closeup, behind = (crop.copy() for crop in drawn_closeups(2).crops[::-1])
    closeup[:, :24, :3] = 128  # beyond the photo's border
    behind[..., :3] = (20, 90, 160)
    behind[:30, :, :3] = 128
    true = closeup[..., 5] > 127
    took = 0
    for seed in range(12):
        made = set_before(closeup, behind, np.random.default_rng(seed))
        inner = cv2.erode(np.uint8(true), np.ones((7, 7), np.uint8)) > 0
        outer = cv2.dilate(np.uint8(true), np.ones((7, 7), np.uint8)) == 0
        outer[:, :27] = outer[:2] = outer[-2:] = outer[:, -2:] = False
        # one light on the person, one colour behind, nothing of the noise
        assert np.ptp(made[inner][:, :3], axis=0).max() <= 1
        assert np.ptp(made[outer][:, :3], axis=0).max() <= 1
        np.testing.assert_array_equal(made[:, :24], closeup[:, :24])
        np.testing.assert_array_equal(made[..., 5], closeup[..., 5])
        # the candidate that was there is one of the others now, but where this one claims to be
        assert made[..., 4].any() and not made[..., 4][closeup[..., 3] > 127].any()
        gained = made[..., 3] > closeup[..., 3]
        took += gained.any()
        assert not (made[..., 3] < closeup[..., 3]).any()
    assert 1 <= took <= 9


def test_who_stands_before_nothing_is_left_as_they_are():
    closeup, behind = (crop.copy() for crop in drawn_closeups(2).crops[::-1])
    behind[..., :3] = 128
    assert set_before(closeup, behind, np.random.default_rng(0)) is closeup


def test_a_thing_is_put_beside_a_person():
    closeup, thing = (crop.copy() for crop in drawn_closeups(2).crops[::-1])
    closeup[:, :40, :3] = 128  # beyond the photo's border
    closeup[..., 3] = closeup[..., 5]
    thing[..., :3] = (20, 90, 160)
    thing[30:90, 30:90, 3] = 255
    true, took = closeup[..., 5] > 127, 0
    for seed in range(12):
        made = put_beside(closeup, thing, np.random.default_rng(seed))
        changed = (made[..., :3] != closeup[..., :3]).any(axis=2)
        np.testing.assert_array_equal(made[..., 5], closeup[..., 5])
        assert not changed[true].any() and not changed[:, :40].any()
        # it touches the person, and one of the two masks of candidates has it
        assert (changed & (cv2.dilate(np.uint8(true), np.ones((13, 13))) > 0)).any()
        gained = (made[..., 3:5] > closeup[..., 3:5]).any(axis=(0, 1))
        assert gained.sum() == 1
        took += gained[0]
        mask = made[..., 3 if gained[0] else 4] > 127
        assert (changed & mask).sum() > 0.8 * changed.sum()
    assert 3 <= took <= 11


def test_nothing_is_put_beside_nobody():
    nobody, somebody = drawn_closeups(2).crops
    assert put_beside(nobody, somebody, np.random.default_rng(0)) is nobody
    nothing = np.full_like(nobody, 128)
    nothing[..., 3:] = 0
    assert put_beside(somebody, nothing, np.random.default_rng(0)) is somebody


def test_a_rough_mask_takes_along_a_thing_up_to_its_edges():
    image = np.full((192, 128, 3), 200, np.uint8)
    true = np.zeros((192, 128), np.float32)
    true[40:160, 30:60] = 1
    image[40:160, 30:60] = 60
    image[70:110, 60:110] = 120  # a thing beside the person, on the wall
    reached = 0
    for seed in range(40):
        rough = leaked(true, true, image, np.random.default_rng(seed))
        gained = (rough > 0.5) & (true < 0.5)
        on_thing = gained[74:106, 64:106].sum()
        if on_thing:
            reached += 1
            assert gained[70:110, 60:110].sum() > 0.8 * gained.sum()
        assert rough.max() <= 1 and (rough >= true).all()
    assert reached > 2
    nobody = np.zeros_like(true)
    assert leaked(true, nobody, image, np.random.default_rng(0)) is true
