"""The photo's own background goes out of focus as in a lens, and the people leave no trace."""

import numpy as np
import pytest

from bgswap.backgrounds.blur import CONFIG, BlurredPhoto, lens_blur
from bgswap.errors import BadInput

H, W = 240, 320
PERSON = (slice(60, 240), slice(120, 200))


def alpha() -> np.ndarray:
    mask = np.zeros((H, W), np.float32)
    mask[PERSON] = 1
    return mask


def street(seed: int = 3) -> np.ndarray:
    blocks = np.random.default_rng(seed).integers(40, 200, (H // 8, W // 8, 3), np.uint8)
    return blocks.repeat(8, 0).repeat(8, 1)


def blurred(photo: np.ndarray, mask: np.ndarray, strength: float) -> np.ndarray:
    (made,) = BlurredPhoto(strength).make(photo, mask)
    assert (made.source, made.seed, made.image.dtype) == ("blur", None, np.uint8)
    assert made.image.shape == photo.shape
    return made.image


@pytest.mark.parametrize("strength", [CONFIG.least, 10, CONFIG.default, CONFIG.most])
def test_no_color_of_the_people_reaches_the_background(strength):
    pictures = []
    for color in ((255, 0, 0), (0, 0, 255)):
        photo = street()
        photo[PERSON] = color
        pictures.append(blurred(photo, alpha(), strength))
    assert np.array_equal(*pictures)


def test_a_rim_of_the_people_that_the_alpha_missed_does_not_glow():
    size = (600, 800)
    mask = np.zeros(size, np.float32)
    mask[150:600, 300:500] = 1
    photo = np.full((*size, 3), 90, np.uint8)
    photo[148:600, 298:502] = (255, 0, 0)
    made = blurred(photo, mask, 60).astype(int)
    assert np.abs(made - 90).max() <= 1


def test_under_the_people_the_background_goes_on():
    photo = np.full((H, W, 3), (30, 120, 60), np.uint8)
    photo[PERSON] = (250, 250, 250)
    made = blurred(photo, alpha(), 50).astype(int)
    assert np.abs(made - (30, 120, 60)).max() <= 1


def test_filled_pixels_continue_their_neighbors():
    photo = np.full((H, W, 3), (200, 40, 40), np.uint8)
    photo[:, W // 2 :] = (40, 40, 200)
    mask = np.zeros((H, W), np.float32)
    mask[:, 4:200] = 1
    row = blurred(photo, mask, 10)[H // 2].astype(int)
    assert row[40, 0] > 180 and row[40, 2] < 120
    assert row[190, 2] > 180 and row[190, 0] < 100


def test_a_point_of_light_becomes_a_disc_with_a_rim():
    dark = np.full((201, 201, 3), 10, np.uint8)
    dark[99:102, 99:102] = 255
    line = lens_blur(dark, 12)[100, 100:, 1].astype(int)
    inside, outside = line[:10], line[15:]
    assert inside.min() > 20 and np.ptp(inside) <= 3
    assert np.abs(outside - 10).max() <= 1


def test_light_is_mixed_as_light_not_as_levels():
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[::2] = 200
    made = lens_blur(stripes, 10)[40:90, 40:90]
    assert made.mean() > 140


@pytest.mark.parametrize("level", [0, 1, 128, 254, 255])
def test_an_even_picture_stays_as_it_is(level):
    even = np.full((100, 90, 3), level, np.uint8)
    for radius in (1, 5, 40):
        assert np.abs(lens_blur(even, radius).astype(int) - level).max() <= 1


def test_more_strength_leaves_less_detail():
    detail = [blurred(street(), alpha(), strength).std() for strength in (1, 20, 60, 100)]
    assert detail == sorted(detail, reverse=True) and detail[-1] < 0.7 * detail[0]


def test_the_blur_is_the_same_share_of_a_larger_photo():
    small = blurred(street(), alpha(), 50)
    large = blurred(street().repeat(3, 0).repeat(3, 1), alpha().repeat(3, 0).repeat(3, 1), 50)
    averaged = large.reshape(H, 3, W, 3, 3).mean((1, 3))
    assert np.abs(averaged - small)[alpha() == 0].mean() < 2.5


def test_a_smooth_ramp_shows_no_bands():
    ramp = np.linspace(100, 110, 600).round().astype(np.uint8)
    wall = np.broadcast_to(ramp[None, :, None], (100, 600, 3)).copy()
    made = lens_blur(wall, 8)[:, :, 0].astype(float)
    levels = made.mean(0)
    assert np.abs(np.diff(levels)).max() < 0.5


def test_people_everywhere_leave_something_to_show():
    made = blurred(street(), np.ones((H, W), np.float32), 40)
    assert 40 < made.mean() < 200
    corner = np.ones((H, W), np.float32)
    corner[:2, :2] = 0
    photo = np.full((H, W, 3), 200, np.uint8)
    photo[:2, :2] = 50
    assert np.abs(blurred(photo, corner, 40).astype(int) - 50).max() <= 1


@pytest.mark.parametrize("strength", [0, 0.5, 101, -1, float("nan"), float("inf")])
def test_a_strength_out_of_its_bounds_is_refused(strength):
    with pytest.raises(BadInput, match="from 1 to 100"):
        BlurredPhoto(strength)
