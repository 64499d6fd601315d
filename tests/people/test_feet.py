"""Shoes below the ankles: found where they are like the person, not where like the ground."""

import cv2
import numpy as np

from bgswap.people.feet import with_feet


def walker(shoes: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Blue legs below a beige coat, with shoes, on grey: photo, whole mask, mask to the ankles."""
    photo = np.random.default_rng(0).normal((120, 122, 118), 4, (240, 160, 3))
    body, feet = np.zeros((240, 160), np.uint8), np.zeros((240, 160), np.uint8)
    cv2.rectangle(body, (60, 30), (100, 110), 1, -1)
    for x in (64, 86):
        cv2.rectangle(body, (x, 110), (x + 10, 195), 1, -1)
        cv2.rectangle(feet, (x - 2, 196), (x + 14, 206), 1, -1)
    photo[body > 0] = (40, 50, 110)
    photo[30:111][body[30:111] > 0] = (200, 180, 140)
    photo[feet > 0] = shoes
    whole, ankles = (np.float32(m > 0) for m in (body | feet, body))
    return np.uint8(photo.clip(0, 255)), whole, ankles


def test_shoes_of_the_coats_colour_are_added_whole() -> None:
    photo, whole, ankles = walker(shoes=(196, 176, 138))
    found = with_feet(photo, ankles)
    shoes = (whole > 0) & (ankles == 0)
    assert (found[shoes] > 0.5).mean() > 0.95
    assert (found[whole == 0] > 0.5).mean() < 0.002
    assert found.dtype == np.float32 and (found >= ankles).all()


def test_ground_is_not_taken_for_shoes() -> None:
    photo, _, ankles = walker(shoes=(121, 122, 119))
    found = with_feet(photo, ankles)
    assert np.count_nonzero((found > 0.5) & (ankles == 0)) < 20


def test_who_leaves_the_photo_below_has_no_feet_in_it() -> None:
    photo, _, ankles = walker(shoes=(196, 176, 138))
    cut = np.s_[:190]
    assert with_feet(photo[cut], ankles[cut]) is not None
    np.testing.assert_array_equal(with_feet(photo[cut], ankles[cut]), ankles[cut])
    nobody = np.zeros_like(ankles)
    assert with_feet(photo, nobody) is nobody
