"""A custom background picture fills the frame or fits into it, and keeps its aspect."""

import cv2
import numpy as np
import pytest

from bgswap.backgrounds.picture import OwnPicture
from bgswap.errors import BadInput


def striped() -> np.ndarray:
    """100 x 300: red, green and blue from left to right."""
    picture = np.zeros((100, 300, 3), np.uint8)
    for i in range(3):
        picture[:, 100 * i : 100 * (i + 1), i] = 200
    return picture


def placed(picture, size, mode="fill", position=(0.5, 0.5)) -> np.ndarray:
    photo, alpha = np.zeros((*size, 3), np.uint8), np.zeros(size, np.float32)
    (made,) = OwnPicture(picture, mode, position).make(photo, alpha)
    assert made.source == "picture" and made.image.shape == (*size, 3)
    return made.image


@pytest.mark.parametrize("mode", ["fill", "fit"])
def test_a_picture_of_the_photos_size_is_taken_pixel_for_pixel(mode):
    noise = np.random.default_rng(1).integers(0, 256, (90, 70, 3), np.uint8)
    assert np.array_equal(placed(noise, (90, 70), mode), noise)


@pytest.mark.parametrize(("x", "channel"), [(0, 0), (0.5, 1), (1, 2)])
def test_filling_crops_where_the_position_says(x, channel):
    made = placed(striped(), (100, 100), position=(x, 0.5))
    assert (made[..., channel] == 200).all()
    assert (np.delete(made, channel, axis=2) == 0).all()


@pytest.mark.parametrize(("y", "channel"), [(0, 0), (1, 2)])
def test_filling_crops_rows_as_well(y, channel):
    tall = np.ascontiguousarray(striped().transpose(1, 0, 2))
    assert (placed(tall, (60, 60), position=(0.5, y))[..., channel] == 200).all()


@pytest.mark.parametrize("size", [(64, 64), (200, 500), (700, 300)])
@pytest.mark.parametrize("mode", ["fill", "fit"])
def test_a_circle_stays_a_circle(size, mode):
    picture = np.zeros((200, 260, 3), np.uint8)
    cv2.circle(picture, (130, 100), 25, (255, 255, 255), -1)
    made = placed(picture, size, mode)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((made[..., 0] > 128).view(np.uint8))
    middle = labels[size[0] // 2, size[1] // 2]
    assert count >= 2 and middle
    width, height = stats[middle, cv2.CC_STAT_WIDTH], stats[middle, cv2.CC_STAT_HEIGHT]
    assert abs(width - height) <= max(2, 0.03 * width)


@pytest.mark.parametrize(("y", "top"), [(0, 0), (0.5, 100), (1, 200)])
def test_fitting_shows_the_whole_picture_where_the_position_says(y, top):
    made = placed(striped(), (300, 300), "fit", (0.5, y))
    assert np.array_equal(made[top : top + 100], striped())


def test_beside_a_fitted_picture_it_goes_on_out_of_focus():
    noise = np.random.default_rng(1).integers(0, 256, (100, 300, 3), np.uint8)
    noise[..., 2] //= 4
    made = placed(noise, (300, 300), "fit").astype(float)
    bar, shown = made[:80], made[100:200]
    assert bar.std((0, 1)).max() < 0.4 * shown.std((0, 1)).max()
    assert bar[..., 0].mean() > 80 and bar[..., 2].mean() < bar[..., 0].mean() - 40


def test_a_tiny_and_a_huge_aspect_are_no_trouble():
    for shape in ((32, 4000, 3), (4000, 32, 3)):
        for mode in ("fill", "fit"):
            placed(np.full(shape, 77, np.uint8), (120, 90), mode)


@pytest.mark.parametrize("position", [(0.5,), (-0.1, 0.5), (0.5, 1.1), (float("nan"), 0.5)])
def test_a_position_out_of_its_bounds_is_refused(position):
    with pytest.raises(BadInput, match="position of a background picture"):
        OwnPicture(striped(), "fill", position)


def test_an_unknown_mode_is_refused():
    with pytest.raises(BadInput, match="fill or fit"):
        OwnPicture(striped(), "stretch")
