"""People move toward the scene's light, within bounds, and nothing else moves."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from bgswap.compositing import lighting

H, W = 160, 200
SCENES = {
    "sunset": (240, 150, 60),
    "night": (8, 14, 34),
    "snow": (225, 232, 245),
    "studio": (250, 250, 250),
    "forest": (50, 90, 40),
    "screen blue": (20, 40, 240),
}


def scene(color) -> np.ndarray:
    return np.full((H, W, 3), color, np.uint8)


@pytest.fixture
def alpha() -> np.ndarray:
    solid = np.zeros((H, W), np.float32)
    solid[20:, 60:140] = 1
    return cv2.GaussianBlur(solid, (0, 0), 3)


def composed(person, alpha, background) -> np.ndarray:
    mixed = alpha[..., None] * person + (1 - alpha[..., None]) * background
    return mixed.round().astype(np.uint8)


def lab_mean(image, alpha) -> np.ndarray:
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    return lab[alpha > 0.999].mean(0)


SKIN = np.full((H, W, 3), (200, 150, 125), np.uint8)


def test_strength_0_gives_the_same_pixels(alpha):
    image = composed(SKIN, alpha, scene(SCENES["sunset"]))
    assert lighting.match_light(image, SKIN, alpha, scene(SCENES["sunset"]), 0.0) is image


@pytest.mark.parametrize("name", SCENES)
def test_outside_the_people_nothing_changes(alpha, name):
    background = scene(SCENES[name])
    image = composed(SKIN, alpha, background)
    before = image.copy()
    lit = lighting.match_light(image, SKIN, alpha, background, 1.0)
    assert np.array_equal(lit[alpha == 0], image[alpha == 0])
    assert np.array_equal(image, before)
    assert not np.array_equal(lit, image)


@pytest.mark.parametrize(
    ("name", "channel", "sign"),
    [("sunset", 2, 1), ("night", 0, -1), ("night", 2, -1), ("snow", 0, 1), ("forest", 1, -1)],
)
def test_people_follow_the_scene_more_with_strength(alpha, name, channel, sign):
    background = scene(SCENES[name])
    image = composed(SKIN, alpha, background)
    means = [
        lab_mean(lighting.match_light(image, SKIN, alpha, background, s), alpha)[channel] * sign
        for s in (0.0, 0.3, 0.6, 1.0)
    ]
    assert all(after > before + 0.3 for before, after in pairwise(means))


@pytest.mark.parametrize("name", SCENES)
def test_skin_stays_skin(alpha, name):
    background = scene(SCENES[name])
    image = composed(SKIN, alpha, background)
    lit = lighting.match_light(image, SKIN, alpha, background, 1.0)
    shift = np.abs(lab_mean(lit, alpha) - lab_mean(image, alpha))
    assert shift[0] <= 34
    assert shift[1] <= 9
    assert shift[2] <= 17
    red, green, blue = lit[alpha > 0.999].mean(0)
    assert red > green > blue


@pytest.mark.parametrize("name", SCENES)
def test_tones_keep_their_order_and_do_not_clip(alpha, name):
    ramp = np.linspace(0, 255, H).astype(np.uint8)
    person = np.broadcast_to(ramp[:, None, None], (H, W, 3)).astype(np.uint8)
    whole = (alpha > 0).astype(np.float32)
    background = scene(SCENES[name])
    image = composed(person, whole, background)
    lit = lighting.match_light(image, person, whole, background, 1.0)
    column = lit[20:, 100].astype(int)
    # The scene reaches further up and down than the person: its own light changes on the way.
    assert (np.diff(column, axis=0) >= -2).all()
    assert (column[:-2] < 255).all()
    assert lit[20:, 60:140].max() <= max(image[20:, 60:140].max(), 254)
    black = composed(np.zeros_like(person), whole, background)
    assert lighting.match_light(black, black, whole, background, 1.0)[whole > 0].max() <= 2


def test_smooth_gradients_get_no_bands():
    wide = np.full((64, 640), 1, np.float32)
    wide[:, :40] = 0
    background = np.full((64, 640, 3), SCENES["snow"], np.uint8)
    noise = np.random.default_rng(0).random((64, 640, 1))
    smooth = np.linspace(90, 110, 640)[None, :, None] + noise
    person = np.broadcast_to(smooth, (64, 640, 3)).astype(np.uint8)
    image = composed(person, wide, background)
    lit = lighting.match_light(image, person, wide, background, 1.0)[:, 60:, 1].mean(0)
    line = np.polyval(np.polyfit(np.arange(lit.size), lit, 3), np.arange(lit.size))
    assert np.abs(cv2.blur((lit - line)[None], (15, 1))).max() < 0.35


def test_shift_fades_in_the_soft_edge(alpha):
    background = scene(SCENES["night"])
    image = composed(SKIN, alpha, background)
    change = np.abs(
        lighting.match_light(image, SKIN, alpha, background, 1.0).astype(int) - image.astype(int)
    ).max(-1)[100]
    inside, middle, outside = alpha[100] > 0.99, alpha[100] < 0.5, alpha[100] < 0.05
    assert change[inside].min() > change[middle].max() > 0
    assert change[outside].max() <= 0.05 * change[inside].max() + 1


@pytest.mark.parametrize("name", SCENES)
def test_the_soft_edge_is_as_if_the_people_had_been_lit_first(alpha, name):
    background = scene(SCENES[name])
    whole = np.ones((H, W), np.float32)
    # The same shifts, laid over the person alone.
    with pytest.MonkeyPatch.context() as patch:
        field = lighting._shift_field(composed(SKIN, alpha, background), alpha, background)
        patch.setattr(lighting, "_shift_field", lambda *_: field)
        alone = lighting.match_light(SKIN, SKIN, whole, background, 1.0)
    image = composed(SKIN, alpha, background)
    lit = lighting.match_light(image, SKIN, alpha, background, 1.0)
    true = composed(alone, alpha, background)
    assert np.abs(lit.astype(int) - true).max() <= 2


def test_light_comes_from_its_side(alpha):
    background = np.concatenate(
        [np.full((H, W // 2, 3), 245, np.uint8), np.full((H, W // 2, 3), 20, np.uint8)], axis=1
    )
    image = composed(SKIN, alpha, background)
    lit = lighting.match_light(image, SKIN, alpha, background, 1.0).mean(-1)
    assert lit[90, 70] > lit[90, 130] + 3


def test_hidden_pixels_of_the_scene_have_no_effect(alpha):
    background = scene(SCENES["sunset"])
    image = composed(SKIN, alpha, background)
    other = background.copy()
    other[cv2.erode(alpha, np.ones((9, 9))) == 1] = (0, 0, 255)
    lit = [
        lighting.match_light(image, SKIN, alpha, b, 1.0).astype(int) for b in (background, other)
    ]
    assert np.abs(lit[0] - lit[1]).max() <= 1


def test_small_scenes_and_tiles_make_no_difference(alpha, monkeypatch):
    background = scene(SCENES["forest"])
    image = composed(SKIN, alpha, background)
    lit = lighting.match_light(image, SKIN, alpha, background, 0.7)
    small = lighting.match_light(image, SKIN, alpha, background[:80, :100], 0.7)
    assert np.abs(lit.astype(int) - small).max() <= 1
    monkeypatch.setattr(lighting, "TILE_ROWS", 7)
    assert np.array_equal(lit, lighting.match_light(image, SKIN, alpha, background, 0.7))


def test_nothing_to_see_nothing_to_do():
    image = scene((90, 120, 130))
    for alpha in (np.ones((H, W), np.float32), np.zeros((H, W), np.float32)):
        lit = lighting.match_light(image, image, alpha, scene(SCENES["night"]), 1.0)
        assert np.abs(lit.astype(int) - image).max() <= 1


def test_refusals(alpha):
    with pytest.raises(ValueError, match="differ in size"):
        lighting.match_light(SKIN[1:], SKIN, alpha, SKIN, 0.5)
    with pytest.raises(ValueError, match="differ in size"):
        lighting.match_light(SKIN, SKIN[1:], alpha, SKIN, 0.5)
    with pytest.raises(ValueError, match="strength"):
        lighting.match_light(SKIN, SKIN, alpha, SKIN, 1.5)


def test_levels_beyond_white_stay_white():
    alpha = np.zeros((H, W), np.float32)
    alpha[:, 60:140] = 0.5
    image, people = scene((255, 255, 255)), scene((200, 200, 200))
    # A dark half moves the whole person up; in the white half image and people disagree.
    image[: H // 2, 60:140] = 20
    lit = lighting.match_light(image, people, alpha, scene((255, 255, 255)), 1.0)
    assert lit[: H // 2, 60:140].mean() > 21
    assert lit[H // 2 :].min() > 200
