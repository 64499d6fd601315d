"""Pixels in a frame: exact where nothing is scaled, clean where it is."""

import cv2
import numpy as np
import pytest

from bgswap.compositing.extent import people_extent
from bgswap.compositing.frame import Frame, covering_frame
from bgswap.compositing.frame_options import FrameOptions
from bgswap.compositing.framing import fit_frame
from bgswap.compositing.placement import place_alpha, place_people, place_photo

H, W = 120, 160


def photo() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (H, W, 3), np.uint8)


def alpha() -> np.ndarray:
    mask = np.zeros((H, W), np.float32)
    cv2.ellipse(mask, (60, 90), (22, 60), 0, 0, 360, 1.0, -1)
    return np.rint(cv2.GaussianBlur(mask, (0, 0), 1.5) * 255) / np.float32(255)


def frame(**options) -> Frame:
    return fit_frame(people_extent(alpha()), FrameOptions(**options))


def test_the_photo_itself_is_not_copied():
    picture, mask = photo(), alpha()
    assert place_photo(picture, frame()) is picture and place_alpha(mask, frame()) is mask


@pytest.mark.parametrize(
    "options", [{"aspect": "1:1"}, {"aspect": "9:16"}, {"aspect": "16:9"}, {"position": (0.7, 0.6)}]
)
def test_at_scale_one_pixels_are_equal_bit_for_bit(options):
    to = frame(**options)
    picture, mask = photo(), alpha()
    placed, matte = place_photo(picture, to), place_alpha(mask, to)
    assert placed.shape == (*to.size, 3) and matte.shape == to.size
    rows, columns = to.covered
    own = (
        slice(rows.start - to.top, rows.stop - to.top),
        slice(columns.start - to.left, columns.stop - to.left),
    )
    assert np.array_equal(placed[to.covered], picture[own])
    assert np.array_equal(matte[to.covered], mask[own])
    assert (mask > 0.05).sum() == (matte > 0.05).sum(), "somebody was cropped"
    people, again = place_people(picture, mask, to)
    assert np.array_equal(people[to.covered], picture[own]) and np.array_equal(again, matte)


@pytest.mark.parametrize("options", [{"scale": 0.37}, {"scale": 1.1}, {"size": (700, 641)}])
def test_scaled_alpha_has_the_levels_of_a_file(options):
    to = frame(**options)
    for matte in (place_alpha(alpha(), to), place_people(photo(), alpha(), to)[1]):
        assert matte.dtype == np.float32 and matte.shape == to.size
        assert matte.min() == 0 and matte.max() == 1
        assert np.array_equal(matte, np.rint(matte * 255) / np.float32(255))


@pytest.mark.parametrize("scale", [0.4, 1.15])
def test_scaled_colors_take_nothing_from_beyond_the_people(scale):
    to, mask = frame(scale=scale), alpha()
    people = np.zeros((H, W, 3), np.uint8)
    people[mask > 0] = (200, 100, 50)
    colors, matte = place_people(people, mask, to)
    error = np.abs(colors.astype(int) - (200, 100, 50)).max(axis=2)
    assert (error * matte).max() <= 1.5 and error[matte > 0.5].max() <= 3


@pytest.mark.parametrize("options", [{"scale": 0.5}, {"size": (601, 451)}, {"aspect": "9:16"}])
def test_a_person_cut_off_by_the_border_is_opaque_up_to_it(options):
    to = frame(**options)
    lower = place_alpha(alpha(), to)[-1]
    assert lower.max() == 1
    colors, matte = place_people(photo(), alpha(), to)
    assert matte[-1].max() == 1 and colors[-1][matte[-1] == 1].any(axis=1).all()


@pytest.mark.parametrize("factor", [2.0, 3.3])
def test_an_enlarged_window_is_the_one_of_the_whole_enlarged_photo(factor):
    smooth = cv2.GaussianBlur(photo(), (0, 0), 3)
    large = (round(H * factor), round(W * factor))
    to = Frame((100, 110), (H, W), large, -70, -90)
    whole = cv2.resize(smooth, large[::-1], interpolation=cv2.INTER_CUBIC)
    part = whole[70:170, 90:200].astype(int)
    assert np.abs(place_photo(smooth, to) - part).max() <= 2


def test_a_reduced_window_is_the_one_of_the_whole_reduced_photo():
    to = Frame((30, 40), (H, W), (60, 80), -20, -10)
    whole = cv2.resize(photo(), (80, 60), interpolation=cv2.INTER_AREA)
    assert np.array_equal(place_photo(photo(), to), whole[20:50, 10:50])


def test_beyond_the_photo_it_is_mirrored_and_nobody_is_there():
    to = Frame((H + 40, W), (H, W), (H, W), 40, 0)
    assert np.array_equal(place_photo(photo(), to)[:40], photo()[40:0:-1])
    mask = np.ones((H, W), np.float32)
    assert place_alpha(mask, to)[:40].max() == 0 and place_alpha(mask, to)[40:].min() == 1


def test_a_covering_photo_fills_the_frame():
    white = np.full((H, W, 3), 255, np.uint8)
    cover = covering_frame(frame(aspect="9:16", scale=0.4))
    assert place_alpha(np.ones((H, W), np.float32), cover).min() == 1
    assert place_photo(white, cover).min() == 255


def test_a_photo_of_another_size_is_refused():
    with pytest.raises(ValueError, match="expected a picture of"):
        place_photo(photo()[1:], frame())
    with pytest.raises(ValueError, match="expected a picture of"):
        place_alpha(alpha()[1:], frame(aspect="1:1"))


def test_colors_under_alpha_0_do_not_reach_the_edge():
    picture, mask = photo(), alpha()
    other = np.where((mask > 0)[..., None], picture, 255 - picture)
    placed, again = (place_people(p, mask, frame(scale=0.5))[0] for p in (picture, other))
    np.testing.assert_array_equal(placed, again)
