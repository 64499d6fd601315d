"""Kept pixels are exact, edges are free of the old background."""

import cv2
import numpy as np
import pytest

from bgswap.compositing import blend
from bgswap.matting.foreground import ForegroundConfig, foreground


def disc(size: int = 96) -> np.ndarray:
    alpha = np.zeros((size, size), np.float32)
    cv2.circle(alpha, (size // 2, size // 2), size // 3, 1.0, -1)
    return cv2.GaussianBlur(alpha, (0, 0), 2.0).round(3)


def mixture(alpha: np.ndarray, person: tuple, ground: tuple) -> np.ndarray:
    weight = alpha[:, :, None]
    return (weight * np.array(person) + (1 - weight) * np.array(ground)).round().astype(np.uint8)


def test_opaque_pixels_are_the_photos() -> None:
    alpha = disc()
    photo = np.random.default_rng(1).integers(0, 256, (*alpha.shape, 3), np.uint8)
    people = foreground(photo, alpha)
    green = np.full_like(photo, (0, 255, 0))
    out = blend.composite(people, alpha, green)
    sure = alpha == 1
    assert sure.sum() > 500
    assert np.array_equal(out[sure], photo[sure])
    assert np.array_equal(out[alpha == 0], green[alpha == 0])


@pytest.mark.parametrize("config", [ForegroundConfig(), ForegroundConfig(working_pixels=2_000)])
def test_the_old_background_does_not_shine_through(config: ForegroundConfig) -> None:
    alpha = disc()
    photo = mixture(alpha, (40, 40, 200), (255, 255, 255))
    new = np.zeros_like(photo)
    truth = mixture(alpha, (40, 40, 200), (0, 0, 0))
    ours = blend.composite(foreground(photo, alpha, config), alpha, new)
    plain = blend.composite(photo, alpha, new)
    band = (alpha > 0) & (alpha < 1)

    def error(image: np.ndarray) -> float:
        return float(np.abs(image[band].astype(float) - truth[band]).mean())

    assert error(ours) < 0.35 * error(plain)


def test_cutout_carries_alpha_and_hides_the_rest() -> None:
    alpha = disc()
    photo = np.full((*alpha.shape, 3), 200, np.uint8)
    rgba = blend.cutout(foreground(photo, alpha), alpha)
    assert rgba.shape == (*alpha.shape, 4)
    assert np.array_equal(rgba[:, :, 3], (alpha * 255).round().astype(np.uint8))
    assert rgba[0, 0].tolist() == [0, 0, 0, 0]


def test_enlarging_keeps_colors_and_leaves_no_bands() -> None:
    ramp = np.linspace(100, 116, 32).round().astype(np.uint8)
    small = np.repeat(np.tile(ramp, (24, 1))[:, :, None], 3, axis=2)
    large = blend.enlarge_background(small, (480, 640))
    assert large.shape == (480, 640, 3)
    assert abs(float(large.mean()) - float(small.mean())) < 1
    # Without dithering the ramp is a staircase whose every step is one whole level.
    steps = np.abs(np.diff(large[:, :, 0].mean(axis=0)))
    assert steps.max() < 0.35
    assert np.array_equal(large, blend.enlarge_background(small, (480, 640)))


def test_a_scene_of_the_right_size_is_left_alone() -> None:
    scene = np.random.default_rng(2).integers(0, 256, (40, 50, 3), np.uint8)
    assert blend.enlarge_background(scene, (40, 50)) is scene


def test_sizes_must_fit() -> None:
    photo, alpha = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 9), np.float32)
    with pytest.raises(ValueError, match="differ in size"):
        foreground(photo, alpha)
    with pytest.raises(ValueError, match="differ in size"):
        blend.composite(photo, alpha, photo)
