"""Sizes, padding, neutral fill and mask of what the inpainter sees."""

import cv2
import numpy as np
import pytest

from bgswap.backgrounds.diffusion.canvas import (
    BORDER,
    crop,
    fit_canvas,
    neutralise,
    place,
    repaint_mask,
)
from bgswap.errors import BadInput

SIZES = [
    (1080, 810),
    (720, 1280),
    (3000, 4000),
    (600, 600),
    (1200, 400),
    (400, 1200),
    (500, 2000),
    (33, 500),
    (6000, 32 * 12),
]
MODELS = [(512, 64), (1024, 32), (128, 32), (64, 8)]


@pytest.mark.parametrize(("side", "multiple"), MODELS)
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_canvas_keeps_the_aspect_and_the_models_area(height, width, side, multiple):
    canvas = fit_canvas(height, width, side, multiple)
    assert canvas.height % multiple == canvas.width % multiple == 0
    scale = min(canvas.height / height, canvas.width / width)
    assert abs(canvas.inner_height - height * scale) <= 0.5
    assert abs(canvas.inner_width - width * scale) <= 0.5
    assert 0.5 * side**2 <= canvas.height * canvas.width <= 1.5 * side**2
    assert canvas.top + canvas.inner_height <= canvas.height
    assert canvas.left + canvas.inner_width <= canvas.width


@pytest.mark.parametrize(("height", "width"), SIZES[:7])
def test_a_margin_lies_on_all_sides(height, width):
    canvas = fit_canvas(height, width, 256, 32, margin=4)
    assert canvas.height % 32 == canvas.width % 32 == 0
    assert min(canvas.top, canvas.left) >= 4
    assert canvas.top + canvas.inner_height <= canvas.height - 4
    assert canvas.left + canvas.inner_width <= canvas.width - 4


@pytest.mark.parametrize(("height", "width"), SIZES[:7])
def test_little_is_painted_for_nothing(height, width):
    canvas = fit_canvas(height, width, 512, 64)
    assert canvas.inner_height * canvas.inner_width > 0.85 * canvas.height * canvas.width


def test_a_ribbon_is_refused():
    with pytest.raises(BadInput, match="16:1"):
        fit_canvas(100, 1700, 512, 64)


def test_crop_undoes_place():
    photo = np.random.default_rng(0).integers(0, 256, (300, 221, 3), dtype=np.uint8)
    canvas = fit_canvas(300, 221, 128, 32)
    placed = place(photo, canvas)
    assert placed.shape == (canvas.height, canvas.width, 3)
    size = (canvas.inner_width, canvas.inner_height)
    expected = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(crop(placed, canvas), expected)


def test_a_circle_stays_a_circle():
    alpha = np.zeros((400, 1000), np.float32)
    cv2.circle(alpha, (500, 200), 150, 1.0, -1)
    placed = place(alpha, fit_canvas(400, 1000, 512, 64)) > 0.5
    rows, columns = np.flatnonzero(placed.any(1)), np.flatnonzero(placed.any(0))
    assert abs((rows[-1] - rows[0]) - (columns[-1] - columns[0])) <= 1


def test_an_enlarged_alpha_stays_in_range():
    alpha = np.zeros((32, 32), np.float32)
    alpha[8:24, 8:24] = 1
    placed = place(alpha, fit_canvas(32, 32, 128, 32))
    assert placed.dtype == np.float32
    assert placed.min() >= 0
    assert placed.max() <= 1


def test_nothing_of_the_old_background_is_left():
    photo = np.full((4, 3, 3), 250, np.uint8)
    alpha = np.zeros((4, 3), np.float32)
    alpha[0], alpha[1] = 1, 0.5
    shown = neutralise(photo, alpha)
    assert (shown[0] == 250).all()
    assert (shown[1] == 189).all()
    assert (shown[2:] == 128).all()


def test_the_mask_takes_a_thin_rim_of_the_person_but_not_at_the_frame():
    alpha = np.zeros((128, 128), np.float32)
    alpha[40:, 40:80] = 1
    mask = repaint_mask(alpha, 128)
    rim = round(BORDER * 128)
    assert rim == 1
    expected = np.ones((128, 128), np.float32)
    expected[40 + rim :, 40 + rim : 80 - rim] = 0
    np.testing.assert_array_equal(mask, expected)


def test_a_small_preview_of_the_canvas_is_cropped_alike():
    alpha = np.zeros((300, 200), np.float32)
    alpha[:, 100:] = 1
    canvas = fit_canvas(300, 200, 128, 32)
    preview = place(alpha, canvas)[::4, ::4]
    shown = crop(preview, canvas)
    assert (canvas.inner_height, canvas.inner_width) == (144, 96)
    assert canvas.width == 96
    assert canvas.top == 8
    assert shown.shape == (36, 24)
    np.testing.assert_array_equal(shown, preview[2:38])
