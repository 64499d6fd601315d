"""Shadows lie under feet that can be seen, and nowhere else."""

import cv2
import numpy as np
import pytest

from bgswap.compositing.shadow import cast_shadows, find_feet

H, W = 200, 160
FEET = 180


def person(middle=80, bottom=FEET, height=140, size=(H, W)) -> np.ndarray:
    """The mask of a person standing with their feet apart, (H, W) float32."""
    mask = np.zeros(size, np.float32)
    top = bottom - height
    mask[top : top + 60, middle - 16 : middle + 16] = 1
    mask[top + 60 : bottom, middle - 16 : middle - 6] = 1
    mask[top + 60 : bottom, middle + 6 : middle + 16] = 1
    return mask


def together(*masks) -> np.ndarray:
    return np.maximum.reduce(masks)


@pytest.fixture
def ground() -> np.ndarray:
    return np.full((H, W, 3), (200, 180, 160), np.uint8)


def shaded(ground, *masks, strength=1.0):
    return cast_shadows(ground, together(*masks), masks, strength)


def darkness(ground, image) -> np.ndarray:
    return (ground.astype(int) - image).mean(-1)


def test_strength_0_and_nobody_give_the_scene_itself(ground):
    assert shaded(ground, person(), strength=0.0) is ground
    assert cast_shadows(ground, person(), [], 1.0) is ground
    assert shaded(ground, np.zeros((H, W), np.float32)) is ground


def test_it_is_dark_under_each_foot_and_fades_away(ground):
    before = ground.copy()
    dark = darkness(ground, shaded(ground, person()))
    assert np.array_equal(ground, before)
    soles = dark[FEET]
    left, between, right = soles[68], soles[80], soles[92]
    assert min(left, right) > 60 and between < min(left, right)
    assert soles[30] < 10
    below = dark[FEET : FEET + 15, 68]
    assert (np.diff(below) <= 1.5).all() and below[-1] < 10
    assert dark[: FEET - 40].max() == 0


def test_more_strength_is_a_darker_shadow(ground):
    depths = [
        darkness(ground, shaded(ground, person(), strength=s))[FEET, 68] for s in (0.2, 0.5, 1)
    ]
    assert depths[0] > 5 and depths[1] > depths[0] + 10 and depths[2] > depths[1] + 10


def test_it_keeps_the_color_of_the_ground(ground):
    red, _, blue = shaded(ground, person())[FEET, 68].astype(float)
    assert red / blue == pytest.approx(200 / 160, rel=0.03)


@pytest.mark.parametrize("bottom", [H, H - 1, H - 2])
def test_a_person_cut_off_by_the_border_has_no_feet(ground, bottom):
    assert shaded(ground, person(bottom=bottom)) is ground


def rectangle(top, bottom, left, right) -> np.ndarray:
    mask = np.zeros((H, W), np.float32)
    mask[top:bottom, left:right] = 1
    return mask


@pytest.mark.parametrize(
    "mask",
    [
        rectangle(40, 150, 60, 100),
        rectangle(120, 170, 20, 140),
        together(rectangle(40, 120, 65, 95), rectangle(120, 170, 50, 110)),
    ],
    ids=["cut off by a table", "lying", "in a long dress"],
)
def test_parts_that_cannot_be_feet_cast_no_shadow(ground, mask):
    assert shaded(ground, mask) is ground


def test_feet_that_are_hidden_behind_somebody_cast_nothing():
    behind, before = person(bottom=150, height=110), rectangle(150, 195, 60, 100)
    everyone = together(behind, before) > 0
    assert find_feet(behind > 0, everyone) == []
    assert len(find_feet(behind > 0, behind > 0)) == 2


def test_each_of_several_people_has_their_own(ground):
    two = darkness(ground, shaded(ground, person(40), person(120, bottom=160)))
    assert two[FEET, 28] > 60 and two[160, 108] > 60
    one = darkness(ground, shaded(ground, person(40), person(120, bottom=H)))
    assert one[FEET, 28] > 60 and one[:, 110:].max() < 2


def test_a_removed_person_casts_no_shadow(ground):
    alpha = person(40)
    dark = darkness(ground, cast_shadows(ground, alpha, [person(40), person(120)], 1.0))
    assert dark[FEET, 28] > 60 and dark[:, 100:].max() < 5


def test_it_is_the_same_at_every_size(ground):
    mask = person()
    small = darkness(ground, shaded(ground, mask))
    factor = 8
    large = np.repeat(np.repeat(mask, factor, 0), factor, 1)
    wide = np.full((H * factor, W * factor, 3), ground[0, 0], np.uint8)
    dark = darkness(wide, shaded(wide, large)).astype(np.float32)
    assert np.abs(cv2.resize(dark, (W, H), interpolation=cv2.INTER_AREA) - small).max() < 4


def test_there_are_no_bands():
    size = (800, 640)
    mask = cv2.resize(person(), size[::-1], interpolation=cv2.INTER_NEAREST)
    floor = np.full((*size, 3), 100, np.uint8)
    dark = darkness(floor, shaded(floor, mask, strength=0.3))
    # Far out a level is many pixels broad: there dither mixes two of them everywhere.
    blocks = dark.reshape(100, 8, 80, 8).transpose(0, 2, 1, 3).reshape(-1, 64)
    mean = blocks.mean(1)
    far = blocks[(mean > 0.3) & (mean < 5)]
    assert len(far) > 50
    assert (np.ptp(far, axis=1) == 0).mean() < 0.1


def test_refusals(ground):
    with pytest.raises(ValueError, match="differ in size"):
        cast_shadows(ground[1:], person(), [person()], 0.5)
    with pytest.raises(ValueError, match="differ in size"):
        cast_shadows(ground, person(), [person()[1:]], 0.5)
    with pytest.raises(ValueError, match="strength"):
        cast_shadows(ground, person(), [person()], 1.5)
