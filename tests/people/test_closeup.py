"""Windows round people: what they show, and the way back."""

import numpy as np
import pytest

from bgswap.people.closeup import cut, inside, put_back, window_of

TALL = (30.0, 20.0, 50.0, 80.0)


def test_the_window_has_the_boxs_middle_and_room_on_every_side() -> None:
    x, y, width, height = window_of(TALL)
    assert x < 30 and y < 20 and x + width > 50 and y + height > 80
    assert x + width / 2 == pytest.approx(40, abs=1) and y + height / 2 == pytest.approx(50, abs=1)
    # shoes are below boxes that end at the ankles
    assert y + height - 80 >= 0.15 * 60
    assert window_of(TALL, grown=2.0)[2:] == pytest.approx((2 * width, 2 * height), abs=1)


@pytest.mark.parametrize("box", [TALL, (0.0, 0.0, 20.0, 100.0), (70.0, 60.0, 100.0, 100.0)])
def test_a_mask_comes_back_to_where_it_was(box: tuple) -> None:
    x0, y0, x1, y1 = map(int, box)
    mask = np.zeros((100, 100), np.float32)
    mask[y0 + 4 : y1 - 4, x0 + 4 : x1 - 4] = 1
    window = window_of(box)
    crop = cut(mask, window, (192, 128), 0)
    assert crop.shape == (192, 128)
    back = put_back(crop, window, mask.shape)
    assert ((back > 0.5) == (mask > 0.5)).mean() > 0.995
    assert back.min() >= 0 and back.max() <= 1


def test_what_lies_outside_the_photo_has_the_value_asked_for() -> None:
    photo = np.full((40, 40, 3), 200, np.uint8)
    crop = cut(photo, (-20, 0, 40, 40), (40, 40), 128)
    assert (crop[:, :19] == 128).all() and (crop[:, 21:] == 200).all()
    assert (cut(photo, (100, 100, 10, 10), (8, 8), 128) == 128).all()


def test_windows_beyond_the_photo_are_empty() -> None:
    rows, columns = inside((90, -30, 20, 20), (50, 60))
    assert rows.stop == rows.start and columns.stop == columns.start
    assert not put_back(np.ones((8, 8), np.float32), (90, -30, 20, 20), (50, 60)).any()
