"""Closed-form matting, the baseline without weights."""

import numpy as np
import pytest

from bgswap.matting.closed_form import ClosedFormConfig, ClosedFormMatter


def scene(side: int) -> tuple[np.ndarray, np.ndarray]:
    """A bright disc on a dark ground, (side, side, 3) uint8, and its alpha, softly drawn."""
    y, x = np.mgrid[:side, :side]
    distance = np.hypot(x - side / 2, y - side / 2)
    alpha = np.clip((side / 4 - distance) / 4 + 0.5, 0, 1).astype(np.float32)
    colors = np.array([40.0, 60, 80]), np.array([220.0, 200, 160])
    picture = alpha[..., None] * colors[1] + (1 - alpha[..., None]) * colors[0]
    return np.uint8(picture), alpha


@pytest.mark.parametrize("side", [160, 1200])
def test_a_soft_edge_is_found_from_a_hard_mask(side: int) -> None:
    picture, true = scene(side)
    hard = (true > 0.5).astype(np.float32)
    alpha = ClosedFormMatter().matte(picture, hard)
    assert np.abs(alpha - true).mean() < 0.6 * np.abs(hard - true).mean()
    assert alpha[true == 1].min() > 0.9 and alpha[true == 0].max() < 0.1
    assert np.array_equal(alpha, np.rint(alpha * 255) / np.float32(255)), "levels of a byte"


def test_every_size_above_the_limit_is_scaled_down() -> None:
    matter = ClosedFormMatter(ClosedFormConfig(pixels=8000))
    for height in range(120, 132):
        picture, true = (layer[:height] for layer in scene(200))
        hard = (true > 0.5).astype(np.float32)
        assert np.abs(matter.matte(picture, hard) - true).mean() < np.abs(hard - true).mean()


def test_other_peoples_pixels_are_not_kept() -> None:
    picture, true = scene(160)
    others = np.zeros_like(true)
    others[:, 80:] = 1
    alpha = ClosedFormMatter().matte(picture, (true > 0.5).astype(np.float32), others)
    assert not alpha[:, 84:].any() and alpha[80, 60] == 1


def test_an_empty_mask_has_an_empty_matte() -> None:
    picture, true = scene(64)
    assert not ClosedFormMatter().matte(picture, np.zeros_like(true)).any()
    with pytest.raises(ValueError, match="differ in size"):
        ClosedFormMatter().matte(picture, true[:10])
