"""People put before other photos, things put beside them and taken along by rough masks."""

import cv2
import numpy as np
import pytest
from drawn_people import drawn_closeups

from training import closeup_pastes
from training.closeup_pastes import candidate_of, leaked, put_beside, set_before
from training.closeups import STORED

BLUE = (20, 90, 160)
# Of the drawn person; their rough mask is that of the candidate, 60 to 180 and 40 to 110.
ROWS, COLUMNS = slice(50, 190), slice(50, 110)


@pytest.fixture
def closeup():
    """Somebody bright, with the photo's border 24 columns from the left."""
    crop = drawn_closeups(2).crops[1].copy()
    crop[:, :24, :3] = 128
    return crop


@pytest.fixture
def behind():
    """A candidate on plain blue, with the photo's border 30 rows from the top."""
    crop = drawn_closeups(2).crops[0].copy()
    crop[..., :3] = BLUE
    crop[:30, :, :3] = 128
    return crop


def grown(mask, by):
    return cv2.dilate(np.uint8(mask), np.ones((2 * by + 1, 2 * by + 1), np.uint8)) > 0


def often(monkeypatch, **chances):
    for name, value in chances.items():
        monkeypatch.setattr(closeup_pastes, name, value)


@pytest.mark.parametrize("takes", [0.0, 1.0])
def test_a_person_is_set_before_what_another_photo_shows(monkeypatch, closeup, behind, takes):
    often(monkeypatch, ALIKE=0.0, TAKES_CANDIDATE=takes)
    lights, areas, took = set(), set(), 0
    for seed in range(12):
        made = set_before(closeup, behind, np.random.default_rng(seed))
        true = made[..., 5] > 127
        assert 0.9 < true.sum() / (closeup[..., 5] > 127).sum() <= 1
        person = made[~grown(~true, 3)][:, :3]
        assert np.ptp(person, axis=0).max() <= 1
        lights.add(int(person[0, 0]))
        scene = ~grown(made[..., 5] > 0, 3)
        scene[:, :24] = False
        np.testing.assert_allclose(made[scene][:, :3], [BLUE] * scene.sum(), atol=1)
        np.testing.assert_array_equal(made[:, :24], closeup[:, :24])
        # the candidate that was there is one of the others now, but where this one claims to be
        assert made[..., 4].any() and not made[..., 4][closeup[..., 3] > 127].any()
        areas.add(int((made[..., 4] > 127).sum()))
        gained = (made[..., 3] > closeup[..., 3]) & ~grown(closeup[..., 3] > 127, 2)
        took += gained.any()
        assert not gained[: 60 - 24].any() and not gained[180 + 24 + 1 :].any()
        assert not (made[..., 3] < closeup[..., 3]).any()
    assert len(lights) > 3 and len(areas) > 3
    assert took > 2 if takes else not took


def test_what_is_behind_may_come_near_the_persons_colours(monkeypatch, closeup, behind):
    often(monkeypatch, ALIKE=1.0, HOW_ALIKE=(0.5, 0.5))
    made = set_before(closeup, behind, np.random.default_rng(0))
    person, scene = made[120, 80, :3].astype(int), made[20, 140, :3].astype(int)
    np.testing.assert_allclose(scene, (person + BLUE) / 2, atol=2)
    thing = np.dstack([np.full((40, 40, 3), BLUE, np.uint8), np.full((40, 40), 255, np.uint8)])
    thing[:10, :, 3], thing[:10, :, :3] = 0, 255  # what is not shown does not count
    made = put_beside(closeup, thing, np.random.default_rng(0))
    changed = np.abs(made[..., :3].astype(int) - closeup[..., :3]).sum(axis=2) > 40
    seen = np.median(made[changed][:, :3], axis=0)
    np.testing.assert_allclose(seen, (np.array([230] * 3) + BLUE) / 2, atol=3)


def test_who_stands_before_nothing_is_left_as_they_are(closeup, behind):
    behind[..., :3] = 128
    assert set_before(closeup, behind, np.random.default_rng(0)) is closeup


@pytest.mark.parametrize("takes", [0.0, 1.0])
def test_a_thing_is_put_beside_a_person(monkeypatch, closeup, takes):
    often(monkeypatch, ALIKE=0.0, TAKES_THING=takes, HEIGHT=(0.2, 0.4))
    closeup[..., 3] = closeup[..., 5]
    thing = np.dstack([np.full((50, 20, 3), BLUE, np.uint8), np.full((50, 20), 255, np.uint8)])
    true, places = closeup[..., 5] > 127, set()
    for seed in range(12):
        made = put_beside(closeup, thing, np.random.default_rng(seed))
        changed = (made[..., :3] != closeup[..., :3]).any(axis=2)
        np.testing.assert_array_equal(made[..., 5], closeup[..., 5])
        assert not changed[true].any() and not changed[:, :24].any()
        assert (changed & grown(true, 5)).any()
        rows = np.flatnonzero(changed.any(axis=1))
        assert np.ptp(rows) <= 0.4 * 140
        places.add((int(rows[0]), int(np.flatnonzero(changed.any(axis=0))[0])))
        gained = made[..., 3:5] > closeup[..., 3:5]
        assert gained[..., 0 if takes else 1].any() and not gained[..., 1 if takes else 0].any()
        assert not (gained.any(axis=2) & ~grown(changed, 1)).any()
    assert len(places) > 8


def test_a_thing_is_put_beside_a_candidate_where_nobody_is(behind):
    thing = np.full((30, 30, 4), 255, np.uint8)
    made = put_beside(behind, thing, np.random.default_rng(0))
    changed = (made[..., :3] != behind[..., :3]).any(axis=2)
    assert (changed & grown(behind[..., 3] > 127, 5)).any() and not made[..., 5].any()


def test_nothing_happens_where_no_candidate_is():
    nothing = np.full((*STORED, 6), 90, np.uint8)
    nothing[..., 3:] = 0
    assert (
        put_beside(nothing, np.full((9, 9, 4), 255, np.uint8), np.random.default_rng(0)) is nothing
    )
    assert leaked(nothing, np.random.default_rng(0)) is nothing


def test_candidates_are_cut_out_by_their_rough_masks(closeup):
    cut = candidate_of(closeup)
    assert cut.shape == (120, 70, 4)
    np.testing.assert_array_equal(cut, closeup[60:180, 40:110, :4])
    closeup[..., 3] = 0
    assert candidate_of(closeup) is None


def test_a_rough_mask_takes_along_a_thing_up_to_its_edges(closeup):
    closeup[:, 24:, :3] = 200
    closeup[..., 3] = closeup[..., 5]
    closeup[ROWS, COLUMNS, :3] = 60
    closeup[90:130, 110:121, :3] = 120  # a thing beside the person, on the wall
    on_thing = np.zeros(STORED, bool)
    on_thing[90:130, 110:121] = True
    reached = 0
    for seed in range(60):
        made = leaked(closeup, np.random.default_rng(seed))
        np.testing.assert_array_equal(np.delete(made, 3, 2), np.delete(closeup, 3, 2))
        gained = made[..., 3] > closeup[..., 3]
        assert not (made[..., 3] < closeup[..., 3]).any() and not gained[:, :24].any()
        # no further than the box of the rough mask can have reached
        assert not gained[:, 110 + 12 + 1 :].any() and not gained[: 50 - 28].any()
        if (gained & on_thing).sum() > 50:
            reached += 1
            assert (gained & grown(on_thing, 1)).sum() > 0.9 * gained.sum()
    assert reached > 2


def test_leaks_do_not_leave_the_photo(closeup):
    closeup[:, :49, :3] = 128  # the person stands at its border
    for seed in range(20):
        made = leaked(closeup, np.random.default_rng(seed))
        np.testing.assert_array_equal(made[:, :49], closeup[:, :49])
