"""The grain of pictures with known noise, and scenes that get it."""

import cv2
import numpy as np
import pytest

from bgswap import SwapOptions
from bgswap.compositing.assemble import composed
from bgswap.compositing.grain import CONFIG, grain, match_grain
from bgswap.types import Background, Cutout, Person, Strokes


def noisy(sigma: float, size: tuple[int, int] = (300, 400), seed: int = 0) -> np.ndarray:
    """A smooth gradient with grey noise."""
    ramp = np.linspace(60, 190, size[1], dtype=np.float32)[None, :, None]
    noise = np.random.default_rng(seed).normal(0, sigma, (*size, 1))
    return (np.broadcast_to(ramp, (*size, 3)) + noise).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("sigma", [1.0, 2.5, 6.0])
@pytest.mark.parametrize("size", [(300, 400), (40, 50), (2000, 1500)])
def test_known_noise_is_measured(sigma, size):
    assert grain(noisy(sigma, size)) == pytest.approx(np.hypot(sigma, 0.29), rel=0.2)


def test_texture_and_edges_are_not_grain():
    picture = noisy(1.0)
    # Stripes and a checkered half of the picture.
    picture[:, :200] = np.where((np.arange(200) // 3 % 2)[None, :, None], 200, 60)
    picture[150:, :200] ^= 64
    assert grain(picture) < 1.5


def test_clipped_parts_have_no_grain():
    picture = noisy(3.0)
    picture[:, :200] = 255
    assert grain(picture) == pytest.approx(3.0, rel=0.2)
    assert grain(np.full((64, 64, 3), 255, np.uint8)) == 0.0
    assert grain(np.zeros((5, 5, 3), np.uint8)) == 0.0


def test_texture_before_a_white_wall_is_not_grain():
    photo = np.full((300, 400, 3), 255, np.uint8)
    photo[100:250, 150:300] = noisy(6.0, (150, 150))
    assert grain(photo) == 0.0
    scene = noisy(0.0)
    assert match_grain(scene, photo) is scene


@pytest.mark.parametrize("source", ["scene", "picture", "color"])
def test_only_generated_scenes_get_grain(source):
    photo, alpha = noisy(4.0), np.zeros((300, 400), np.float32)
    alpha[100:200, 100:200] = 1
    person = Person(1, (100.0, 100.0, 200.0, 200.0), 1.0, alpha)
    cutout = Cutout(photo, (person,), (), (person,), alpha, photo, Strokes(), (person,))
    behind = Background(noisy(0.0, seed=1), source=source)
    image = composed(cutout, behind, SwapOptions(), lambda people: people)
    changed = (image != behind.image)[:90].any()
    assert changed == (source == "scene")
    np.testing.assert_array_equal(image[100:200, 100:200], photo[100:200, 100:200])


@pytest.mark.parametrize("sigma", [1.5, 4.0])
def test_a_smooth_scene_gets_the_photos_grain(sigma):
    photo, scene = noisy(sigma), cv2.GaussianBlur(noisy(0, seed=1), (0, 0), 5)
    matched = match_grain(scene, photo)
    assert grain(scene) < 0.5
    assert grain(matched) == pytest.approx(grain(photo), rel=0.1)
    change = matched.astype(float) - scene
    assert abs(change.mean()) < 0.05
    assert (change.std(axis=2) == 0).all(), "grey"
    np.testing.assert_array_equal(matched, match_grain(scene, photo))


def test_a_scene_with_as_much_grain_stays_as_it_is():
    scene = noisy(3.0, seed=1)
    assert match_grain(scene, noisy(2.0)) is scene
    assert match_grain(scene, noisy(0.0)) is scene


def test_grain_has_a_bound():
    matched = match_grain(noisy(0.0), noisy(30.0))
    assert grain(matched) == pytest.approx(CONFIG.most, rel=0.1)
