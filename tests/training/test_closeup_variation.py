"""How close-ups are varied when the person U-Net is shown them."""

import numpy as np
import pytest
from drawn_people import drawn_closeups

from training import closeup_variation
from training.closeup_variation import cut_by_border, varied


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
