"""Exposure normalization: dark photos become bright, others stay the same array."""

import numpy as np
import pytest

from bgswap.io.exposure import brightened


@pytest.fixture
def photo():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (300, 400, 3), np.uint8)


@pytest.mark.parametrize("light", [0.3, 0.5, 0.7])
def test_the_light_is_taken_back(photo, light):
    dark = np.uint8(np.round(light * photo))
    again = brightened(dark)
    assert np.abs(again.astype(int) - photo).mean() < 2
    assert again.max() == 255
    assert (brightened(again) == again).all()


def test_a_bright_photo_is_left_alone(photo):
    assert brightened(photo) is photo
    pale = np.uint8(photo // 2 + 110)
    assert brightened(pale) is pale


def test_a_few_lamps_do_not_hide_the_dark(photo):
    dark = np.uint8(np.round(0.3 * photo))
    dark[:10, :60] = 255
    assert brightened(dark).mean() > 2.5 * dark.mean()


def test_the_gain_is_limited():
    assert brightened(np.zeros((8, 8, 3), np.uint8)).max() == 0
    assert brightened(np.full((8, 8, 3), 10, np.uint8)).max() == 40


def test_it_is_measured_the_same_in_large_photos(photo):
    dark = np.uint8(np.round(0.3 * photo))
    large = np.tile(dark, (8, 8, 1))
    np.testing.assert_allclose(brightened(large)[:300, :400].astype(int), brightened(dark), atol=3)
