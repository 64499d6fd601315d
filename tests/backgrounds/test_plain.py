"""Colors are exact, gradients go from one to the other without bands."""

import numpy as np
import pytest

from bgswap.backgrounds.plain import PlainColor, Transparent
from bgswap.types import Background

H, W = 300, 80
PHOTO, ALPHA = np.zeros((H, W, 3), np.uint8), np.zeros((H, W), np.float32)


def test_a_color_is_that_color_everywhere():
    (made,) = PlainColor((1, 128, 255)).make(PHOTO, ALPHA)
    assert made.source == "color" and made.image.shape == (H, W, 3)
    assert (made.image == (1, 128, 255)).all()


def test_a_gradient_of_one_color_is_that_color():
    assert (PlainColor((9, 9, 9), (9, 9, 9)).make(PHOTO, ALPHA)[0].image == 9).all()


def test_a_gradient_goes_from_top_to_bottom():
    image = PlainColor((0, 200, 255), (255, 100, 255)).make(PHOTO, ALPHA)[0].image.astype(float)
    assert np.abs(image[0] - (0, 200, 255)).max() <= 1
    assert np.abs(image[-1] - (255, 100, 255)).max() <= 1
    halfway = image[H // 2 - 10 : H // 2 + 10].mean((0, 1))
    assert np.abs(halfway - (127.5, 150, 255)).max() < 1


def test_a_slow_gradient_is_dithered():
    image = PlainColor((100, 100, 100), (104, 104, 104)).make(PHOTO, ALPHA)[0].image
    rows = image[:, :, 0].mean(1)
    assert np.abs(rows - np.linspace(100, 104, H)).max() < 0.25
    assert (np.ptp(image[20:50, :, 0].astype(int), axis=1) == 1).all()


def test_the_same_gradient_is_the_same_picture():
    first, second = (PlainColor((0, 0, 0), (9, 9, 9)).make(PHOTO, ALPHA)[0] for _ in range(2))
    assert np.array_equal(first.image, second.image)


def test_transparent_has_no_picture():
    (made,) = Transparent().make(PHOTO, ALPHA)
    assert (made.image, made.source) == (None, "transparent")


@pytest.mark.parametrize(
    ("image", "source"),
    [
        (None, "color"),
        (PHOTO, "transparent"),
        (PHOTO.astype(np.float32), "color"),
        (PHOTO[..., 0], "color"),
        (np.zeros((4, 4, 4), np.uint8), "picture"),
    ],
)
def test_a_background_is_a_picture_or_transparent(image, source):
    with pytest.raises(ValueError, match="expected"):
        Background(image, source)
