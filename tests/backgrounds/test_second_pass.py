"""The second pass at twice the size, by tiny pipelines of the real classes."""

import cv2
import numpy as np
import pytest
from test_generator import difference, paint

from bgswap.backgrounds.diffusion import second_pass as module
from bgswap.backgrounds.diffusion.canvas import fit_canvas
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.errors import Stopped


@pytest.fixture
def large_photo(photo):
    return cv2.resize(photo, (270, 360), interpolation=cv2.INTER_NEAREST)


@pytest.fixture
def large_alpha(alpha):
    return cv2.resize(alpha, (270, 360), interpolation=cv2.INTER_NEAREST)


def sharpening(generator):
    model = SceneGenerator(generator.pipe, generator.preset)
    model.sharpens = True
    return model


@pytest.mark.parametrize("name", ["fast", "quality", "sdxl", "fast_sdxl", "modern"])
def test_the_scene_has_twice_the_size(name, request, large_photo, large_alpha):
    generator = request.getfixturevalue(name)
    (first,) = paint(generator, large_photo, large_alpha)
    (scene,) = paint(sharpening(generator), large_photo, large_alpha)
    assert scene.shape == (144, 108, 3)
    assert scene.dtype == np.uint8
    enlarged = cv2.resize(first, (108, 144), interpolation=cv2.INTER_LANCZOS4)
    behind = cv2.resize(large_alpha, (108, 144)) == 0
    assert difference(scene[behind], enlarged[behind]) > 0
    (same,) = paint(sharpening(generator), large_photo, large_alpha)
    np.testing.assert_array_equal(scene, same)


def test_the_people_are_not_repainted(quality, large_photo, large_alpha):
    (first,) = paint(quality, large_photo, large_alpha)
    (scene,) = paint(sharpening(quality), large_photo, large_alpha)
    enlarged = cv2.resize(first, (108, 144), interpolation=cv2.INTER_LANCZOS4)
    inside = cv2.erode(cv2.resize(large_alpha, (108, 144)), np.ones((9, 9))) == 1
    assert inside.sum() > 500
    # The crop moves the enlargement by a part of a pixel: compare what the noise would change.
    apart = np.abs(scene.astype(int) - enlarged).mean(-1)
    behind = cv2.resize(large_alpha, (108, 144)) == 0
    assert apart[inside].mean() < apart[behind].mean()


def test_a_small_photo_is_not_repainted(quality, photo, alpha):
    small, small_alpha = photo[::2, ::2].copy(), alpha[::2, ::2].copy()
    scenes = [paint(model, small, small_alpha)[0] for model in (quality, sharpening(quality))]
    np.testing.assert_array_equal(*scenes)


def test_stop_ends_the_work(quality, large_photo, large_alpha):
    def stop(*_):
        raise Stopped

    with pytest.raises(Stopped):
        paint(sharpening(quality), large_photo, large_alpha, on_step=stop)


@pytest.mark.parametrize("shape", [(128, 96), (64, 64), (136, 256), (40, 24)])
def test_tiles_overlap_and_cover_everything(shape):
    covered = np.zeros(shape, int)
    for rows, columns in module._tiles(shape, 64, 8):
        part = covered[rows, columns]
        assert not [side for side in part.shape if side % 8 or side > 64]
        part += 1
    assert covered.min() == 1
    assert (covered.max() > 1) == (max(shape) > 64)
    assert (module._weight((64, 32, 3)) > 0).all()


def test_a_tile_without_background_is_left(quality, large_photo):
    canvas = fit_canvas(360, 270, 64, 8)
    painted = np.random.default_rng(0).integers(0, 256, (canvas.height, canvas.width, 3), np.uint8)
    import torch

    call = {"mask_image": torch.zeros(1, 1, *painted.shape[:2]), "num_inference_steps": 2}
    result = module.second_pass(None, painted, call, 0, 64, 8)
    size = (2 * canvas.width, 2 * canvas.height)
    expected = cv2.resize(painted, size, interpolation=cv2.INTER_LANCZOS4)
    np.testing.assert_array_equal(result, expected)
