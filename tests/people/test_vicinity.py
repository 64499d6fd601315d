"""What the whole photo's colours would take from a mask is asked for again, close by."""

import numpy as np
import pytest
from silhouettes import painted, silhouette

from bgswap.people import matting, trimap, vicinity

BLACK, RADIUS = (35, 35, 38), 3.0


def capped() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photo of a red body with a black cap before grey and two black walls; body and cap."""
    body = silhouette()
    cap = body.copy()
    cap[80:] = False
    photo = painted(body)
    black = cap.copy()
    black[:, :62] = black[:, -62:] = True
    noise = np.random.default_rng(2).normal(0, 9, photo.shape)
    photo[black] = np.uint8((np.float32(BLACK) + noise).clip(0, 255)[black])
    return photo, body, cap


def test_hair_that_is_outnumbered_by_dark_walls_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    photo, body, cap = capped()
    mask = body.astype(np.float32)
    assert matting.matte(photo, mask)[cap].mean() > 0.95
    monkeypatch.setattr(trimap, "defended", lambda photo, mask, left_out, likely, radius: likely)
    assert matting.matte(photo, mask)[cap].mean() < 0.8


def test_ground_beside_more_of_it_is_not_defended() -> None:
    body = silhouette()
    said = body.copy()
    said[180:200, 20:60] = True  # ground, called the person
    nobody, likely = np.zeros_like(body), np.float32(body)
    found = vicinity.defended(painted(body), said, nobody, likely, RADIUS)
    assert found[said & ~body].mean() < 0.3


def test_votes_only_rise_and_only_in_the_mask() -> None:
    photo, body, cap = capped()
    likely = np.where(body, np.float32(1), np.random.default_rng(3).random(body.shape, np.float32))
    likely[cap] = 0.1
    left_out = np.zeros_like(body)
    left_out[:60] = True
    found = vicinity.defended(photo, body, left_out, likely, RADIUS)
    assert (found >= likely).all()
    assert found[cap & ~left_out].mean() > 0.9
    same = ~body | left_out
    np.testing.assert_array_equal(found[same], likely[same])


def striped(wall: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A body with fine gaps of another colour: the ground's, or only that of some walls."""
    body = silhouette()
    gaps = np.zeros_like(body)
    for column in range(3):
        gaps[60:80, column::5] = True
    gaps &= body
    photo = painted(body & ~gaps)
    if wall:
        noise = np.random.default_rng(4).normal(0, 6, photo.shape)
        dark = gaps.copy()
        dark[:, :62] = dark[:, -62:] = True
        photo[dark] = np.uint8((np.float32(BLACK) + noise).clip(0, 255)[dark])
    return photo, body, gaps


@pytest.mark.parametrize("wall", [False, True], ids=["hair and gaps", "a pattern on clothes"])
def test_wisps_are_defended_only_where_the_gaps_are_not_the_grounds(wall: bool) -> None:
    photo, body, gaps = striped(wall)
    likely = np.where(body & ~gaps, np.float32(1), np.float32(0))
    found = vicinity.defended(photo, body, np.zeros_like(body), likely, RADIUS)
    inner = gaps.copy()
    inner[:64] = inner[76:] = False
    assert (found[inner].mean() > 0.8) if wall else (found[inner].mean() < 0.3)


def test_of_equal_colours_the_many_win() -> None:
    body = silhouette()
    said = body.copy()
    said[180:200, 20:60] = True
    flat = np.where(body[..., None], np.uint8((190, 50, 50)), np.uint8((90, 120, 110)))
    found = vicinity.defended(flat, said, np.zeros_like(body), np.float32(body), RADIUS)
    assert found[said & ~body].mean() < 0.3


def test_hair_and_gaps_in_turn_are_wisps_and_a_whole_body_is_none() -> None:
    body = silhouette()
    hair = body.copy()
    for column in range(3):
        hair[50:68, column::5] = False  # two pixels of hair, three of ground
    share = vicinity.wispiness(body, hair, RADIUS)
    assert share[55:65][body[55:65]].mean() > 0.8
    assert share[200:].max() == 0
    assert vicinity.wispiness(body, body, RADIUS).mean() < 0.02
