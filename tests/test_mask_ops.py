"""Windows of photos and masks: what they show, and the way back."""

import numpy as np
import pytest

from bgswap.mask_ops import crop_window, paste_window, union, window_around, window_slices
from bgswap.types import Person, box_of

SIZES = ((96, 64), (80, 80), (64, 96))
TALL, WIDE = (30.0, 20.0, 50.0, 80.0), (10.0, 40.0, 90.0, 60.0)


def test_a_window_takes_the_shape_that_fits_its_box() -> None:
    for box, best in ((TALL, 0), ((20.0, 20.0, 60.0, 60.0), 1), (WIDE, 2)):
        (_, _, width, height), chosen = window_around(box, 0.1, SIZES)
        assert chosen == best
        assert height / width == pytest.approx(SIZES[best][0] / SIZES[best][1], rel=0.03)


def test_a_window_has_its_boxs_middle_and_the_margin_on_every_side() -> None:
    (x, y, width, height), _ = window_around(TALL, 0.1, SIZES)
    assert x <= 28 and y <= 14 and x + width >= 52 and y + height >= 86
    assert x + width / 2 == pytest.approx(40, abs=1)
    assert y + height / 2 == pytest.approx(50, abs=1)


@pytest.mark.parametrize("box", [TALL, WIDE, (0.0, 0.0, 20.0, 100.0), (70.0, 60.0, 100.0, 100.0)])
def test_a_mask_comes_back_to_where_it_was(box: tuple) -> None:
    x0, y0, x1, y1 = map(int, box)
    mask = np.zeros((100, 100), np.float32)
    mask[y0 + 4 : y1 - 4, x0 + 4 : x1 - 4] = 1
    window, best = window_around(box, 0.12, ((384, 256), (320, 320), (256, 384)))
    crop = crop_window(mask, window, (384, 256) if best == 0 else (320, 320), 0)
    back = paste_window(crop, window, mask.shape)
    assert ((back > 0.5) == (mask > 0.5)).mean() > 0.995
    assert back.min() >= 0 and back.max() <= 1


def test_pixels_outside_the_photo_have_the_fill_value() -> None:
    photo = np.full((40, 40, 3), 200, np.uint8)
    crop = crop_window(photo, (-20, 0, 40, 40), (40, 40), 128)
    assert (crop[:, :19] == 128).all() and (crop[:, 21:] == 200).all()
    assert (crop_window(photo, (100, 100, 10, 10), (8, 8), 128) == 128).all()


def test_windows_beyond_the_photo_are_empty() -> None:
    rows, columns = window_slices((90, -30, 20, 20), (50, 60))
    assert rows.stop == rows.start and columns.stop == columns.start
    assert not paste_window(np.ones((8, 8), np.float32), (90, -30, 20, 20), (50, 60)).any()


def test_boxes_hold_what_is_above_one_half() -> None:
    mask = np.zeros((20, 30), np.float32)
    assert box_of(mask) is None
    mask[4:9, 10:20] = 0.9
    mask[2, 2] = 0.4
    assert box_of(mask) == (10, 4, 20, 9)


def test_a_union_has_the_largest_of_its_masks() -> None:
    one, other = np.zeros((2, 10, 10), np.float32)
    one[2:5, 2:5], other[4:8, 4:8] = 0.3, 0.8
    people = [Person(1, (2, 2, 5, 5), 0.9, one), Person(2, (4, 4, 8, 8), 0.9, other)]
    assert np.array_equal(union(people, (10, 10)), np.maximum(one, other))
    assert not union([], (10, 10)).any()
