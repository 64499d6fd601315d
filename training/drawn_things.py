"""Things of streets and rooms, drawn: what detectors like to take for a part of somebody."""

import cv2
import numpy as np

from training.masks import smooth_noise

# The drawing's sides in pixels.
SIDE = 96
# How often each is drawn.
WHEEL, POST = 0.5, 0.25


def drawn_thing(rng: np.random.Generator) -> np.ndarray:
    """A wheel, a post or a board, (H, W, 4) uint8 RGB and alpha, cut to what is drawn."""
    picture = np.zeros((SIDE, SIDE, 4), np.uint8)
    chance = rng.random()
    if chance < WHEEL:
        _draw_wheel(picture, rng)
    elif chance < WHEEL + POST:
        _draw_post(picture, rng)
    else:
        _draw_board(picture, rng)
    shade = 1 + 0.25 * smooth_noise(rng, 4, SIDE)[..., None] + rng.normal(0, 0.03, (SIDE, SIDE, 1))
    picture[:, :, :3] = np.clip(picture[:, :, :3] * shade, 0, 255)
    soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.5))
    rows, columns = (np.flatnonzero(soft[:, :, 3].any(axis=axis)) for axis in (1, 0))
    return np.ascontiguousarray(soft[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _colour(rng: np.random.Generator, most: int = 255) -> tuple[int, ...]:
    return (*(int(value) for value in rng.uniform(0, most, 3)), 255)


def _draw_wheel(picture: np.ndarray, rng: np.random.Generator) -> None:
    """A tyre and its hub, seen a little from the side, sometimes under the edge of a vehicle."""
    centre = (SIDE // 2, SIDE // 2)
    tall = SIDE * rng.uniform(0.35, 0.48)
    axes = np.array([tall * rng.uniform(0.6, 1), tall])
    paint, tyre = _colour(rng), (*[int(rng.uniform(8, 55))] * 3, 255)
    if rng.random() < 0.5:  # the arch's shadow
        shadow = tuple(int(value) for value in 1.12 * axes)
        cv2.ellipse(picture, centre, shadow, 0, 180, 360, (8, 8, 10, 255), -1)
    cv2.ellipse(picture, centre, tuple(map(int, axes)), 0, 0, 360, tyre, -1)
    hub = axes * rng.uniform(0.45, 0.75)
    rim = paint if rng.random() < 0.5 else (*[int(rng.uniform(60, 220))] * 3, 255)
    cv2.ellipse(picture, centre, tuple(map(int, hub)), 0, 0, 360, rim, -1)
    for angle in np.arange(spokes := int(rng.integers(0, 9))) * 2 * np.pi / max(spokes, 1):
        end = centre + hub * (np.cos(angle), np.sin(angle))
        cv2.line(picture, centre, tuple(map(int, end)), tyre, int(rng.integers(2, 7)))
    cv2.ellipse(picture, centre, tuple(map(int, hub * 0.25)), 0, 0, 360, tyre, -1)
    if rng.random() < 0.3:  # paint hides its top
        edge = int(centre[1] - axes[1] * rng.uniform(0.2, 0.8))
        picture[:edge, picture[:edge, :, 3].any(axis=0)] = paint


def _draw_post(picture: np.ndarray, rng: np.random.Generator) -> None:
    """An upright bar, lit from one side, with rings of another colour."""
    wide, middle = int(rng.integers(6, 28)), SIDE // 2
    left = middle - wide // 2
    picture[:, left : left + wide] = _colour(rng, 200)
    light = np.linspace(*rng.uniform(0.5, 1.4, 2), wide)[None, :, None]
    lit = picture[:, left : left + wide, :3] * light
    picture[:, left : left + wide, :3] = np.clip(lit, 0, 255)
    for _ in range(rng.integers(0, 3)):
        row = int(rng.integers(SIDE - 8))
        picture[row : row + int(rng.integers(3, 8)), left : left + wide] = _colour(rng)


def _draw_board(picture: np.ndarray, rng: np.random.Generator) -> None:
    """A turned rectangle with a border and lines, as signs, windows and boxes have them."""
    size = rng.uniform(0.4, 0.8, 2) * SIDE
    corners = cv2.boxPoints(((SIDE / 2, SIDE / 2), tuple(size), float(rng.normal(0, 12))))
    cv2.fillPoly(picture, [np.int32(corners)], _colour(rng, 160 if rng.random() < 0.5 else 255))
    cv2.polylines(picture, [np.int32(corners)], True, _colour(rng), int(rng.integers(1, 6)))
    inside = picture[:, :, 3] > 0
    lines = np.zeros_like(picture)
    for _ in range(rng.integers(0, 5)):
        ends = rng.integers(0, SIDE, (2, 2))
        cv2.line(lines, ends[0].tolist(), ends[1].tolist(), _colour(rng), int(rng.integers(1, 5)))
    drawn = inside & (lines[:, :, 3] > 0)
    picture[drawn] = lines[drawn]
