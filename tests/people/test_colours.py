"""Outlines that move to edges of colour."""

import cv2
import numpy as np
import pytest

from bgswap.people.colours import settled


def scene(side: int) -> tuple[np.ndarray, np.ndarray]:
    """A dark disc on noisy light ground, and the disc."""
    rng = np.random.default_rng(0)
    photo = rng.normal(180, 12, (side, side, 3))
    disc = np.zeros((side, side), np.uint8)
    cv2.circle(disc, (side // 2, side // 2), side // 4, 1, -1)
    photo[disc > 0] -= 110
    return photo.clip(0, 255).astype(np.uint8), disc > 0


@pytest.mark.parametrize("side", [160, 700])
def test_an_outline_that_is_off_moves_to_the_edge(side: int) -> None:
    photo, disc = scene(side)
    off = np.roll(disc, side // 50, axis=1).astype(np.float32)
    soft = cv2.GaussianBlur(off, (0, 0), side / 60)
    found = settled(photo, soft)
    assert found.dtype == np.float32 and found.shape == disc.shape
    assert found.min() >= 0 and found.max() <= 1
    assert np.abs(found - disc).mean() < 0.7 * np.abs(soft - disc).mean()


def test_what_is_sure_stays_and_the_same_comes_out_twice() -> None:
    photo, disc = scene(200)
    mask = disc.astype(np.float32)
    photo[90:110, 90:110] = 200  # a bright print on a dark shirt
    found = settled(photo, mask)
    assert (found[90:110, 90:110] == 1).all()
    assert (found[:20] == 0).all()
    np.testing.assert_array_equal(found, settled(photo, mask))


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_nothing_to_tell_apart_leaves_the_mask(value: float) -> None:
    photo, _ = scene(64)
    mask = np.full((64, 64), value, np.float32)
    assert settled(photo, mask) is mask
