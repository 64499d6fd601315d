"""What a rough mask took along goes where the look from its core denies it."""

import numpy as np
import pytest

from bgswap.people.taken_along import core, without_denied


def test_the_core_of_a_mask_has_no_thin_parts() -> None:
    mask = np.zeros((100, 60), np.float32)
    mask[30:70, 10:50] = 0.8  # deepest at 20
    mask[70:, 26:34] = 1
    np.testing.assert_array_equal(core(mask, 0.0), mask)
    half = core(mask, 0.5)
    assert not half[71:].any() and half[50, 30] == mask[50, 30]
    assert half.any(axis=1).sum() == pytest.approx(20, abs=2)
    # what the crop cuts has no edge there
    mask[:30] = mask[30]
    assert core(mask, 0.5)[0, 30] == mask[0, 30]
    nothing = np.zeros((9, 9), np.float32)
    assert not core(nothing, 0.5).any()


def body_and_wheel(side: int) -> tuple[np.ndarray, np.ndarray]:
    """A mask (200, 150) with soft edges of somebody and a square thing beside; the thing."""
    mask = np.zeros((200, 150), np.float32)
    mask[20:180, 30:80] = 1
    thing = np.zeros_like(mask)
    thing[90 : 90 + side, 80 : 80 + side] = 1
    mask = np.maximum(mask, thing)
    mask[19, 30:80] = mask[90 : 90 + side, 80 + side] = 0.3
    return mask, thing > 0


def test_a_large_thing_that_is_denied_goes_with_its_soft_edge() -> None:
    mask, thing = body_and_wheel(40)
    from_core = np.where(thing, 0.2, mask).astype(np.float32)
    left = without_denied(mask, mask, from_core)
    assert left.dtype == np.float32
    assert not left[:, 81:].any()
    same = np.ones_like(thing)
    same[85:135, 78:] = False
    np.testing.assert_array_equal(left[same], mask[same])


@pytest.mark.parametrize("side", [40, 65])
def test_bits_go_however_large_the_thing_was(side: int) -> None:
    rough, thing = body_and_wheel(side)
    mask = rough * ~thing
    mask[100:112, 81:93] = 0.9  # alone too small to be judged
    from_core = np.where(thing, 0.2, mask).astype(np.float32)
    assert without_denied(mask, mask, from_core) is mask
    left = without_denied(mask, rough, from_core)
    assert not left[:, 81:].any() and (left[20:180, 30:79] == 1).all()


def test_what_the_mask_never_held_takes_nothing_from_it() -> None:
    rough, thing = body_and_wheel(40)
    mask = rough * ~thing
    mask[90:130, 80] = 0.4  # a soft edge beside the thing
    assert without_denied(mask, rough, np.where(thing, 0.2, mask).astype(np.float32)) is mask


@pytest.mark.parametrize(
    ("side", "denied"),
    [(15, 0.2), (21, 0.2), (40, 0.4)],
    ids=["as thin as a hand", "as small as a head", "not denied outright"],
)
def test_what_may_be_theirs_stays(side: int, denied: float) -> None:
    mask, thing = body_and_wheel(side)
    from_core = np.where(thing, denied, mask).astype(np.float32)
    assert without_denied(mask, mask, from_core) is mask


def test_who_goes_on_below_the_photo_stays_whole() -> None:
    mask, thing = body_and_wheel(40)
    mask[180:, 30:80] = 1
    from_core = np.where(thing, 0.2, mask).astype(np.float32)
    assert without_denied(mask, mask, from_core) is mask


def test_a_look_that_denies_most_of_somebody_is_wrong() -> None:
    mask, thing = body_and_wheel(40)
    from_core = np.where(thing, 0.2, mask * 0.24).astype(np.float32)
    assert without_denied(mask, mask, from_core) is mask


def test_what_is_thin_stays_however_long() -> None:
    mask, _ = body_and_wheel(1)
    thin = np.zeros_like(mask)
    thin[20:180, 72:80] = 1
    assert thin.sum() > 0.06 * mask.sum()
    from_core = np.where(thin > 0, 0.1, mask).astype(np.float32)
    assert without_denied(mask, mask, from_core) is mask


def test_an_empty_mask_stays_empty() -> None:
    nothing = np.zeros((9, 9), np.float32)
    assert without_denied(nothing, nothing, nothing) is nothing
