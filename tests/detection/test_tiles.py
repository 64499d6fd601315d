"""Panoramas are searched tile by tile, and everybody in them is found once."""

from itertools import pairwise

import numpy as np
import pytest
from blobs import look, scene
from photos import BUS, starter_swapper

from bgswap.detection.finder import FinderConfig, PeopleFinder
from bgswap.detection.tiles import (
    TilesConfig,
    detect_in_window,
    search_tiles,
    tile_windows,
    wants_tiles,
)
from bgswap.io.images import open_photo
from bgswap.mask_ops import resized
from bgswap.types import Person

CONFIG = TilesConfig()


def test_only_long_photos_are_searched_in_tiles() -> None:
    assert wants_tiles((400, 5000), CONFIG) and wants_tiles((5000, 400), CONFIG)
    assert not wants_tiles((1000, 2000), CONFIG) and not wants_tiles((1080, 810), CONFIG)


@pytest.mark.parametrize("size", [(400, 5000), (5000, 400), (500, 1001), (600, 800), (7, 90)])
def test_tiles_cover_the_photo_and_overlap(size: tuple[int, int]) -> None:
    covered = np.zeros(size, int)
    windows = tile_windows(size, CONFIG)
    for x, y, width, height in windows:
        assert x >= 0 and y >= 0 and x + width <= size[1] and y + height <= size[0]
        covered[y : y + height, x : x + width] += 1
    assert covered.min() >= 1
    lefts, wide = sorted({w[0] for w in windows}), windows[0][2]
    for left, right in pairwise(lefts):
        assert left + wide - right >= CONFIG.overlap * wide - 1


def test_everybody_in_a_panorama_is_found_once_and_whole() -> None:
    boxes = [(30 + 230 * i, 60 + 7 * (i % 5), 170 + 230 * i, 380) for i in range(21)]
    photo = scene(*boxes, size=(400, 5000))
    people = search_tiles(photo, look, 0.3, CONFIG)
    assert len(people) == 21
    found = sorted(person.box for person in people)
    assert np.abs(np.array(found) - np.array(boxes)).max() <= 2
    assert all(person.size == (400, 5000) for person in people)


def test_a_person_wider_than_a_tile_is_found_in_the_whole_photo() -> None:
    photo = scene((100, 100, 1100, 390), size=(400, 1200))
    (one,) = search_tiles(photo, look, 0.3, CONFIG)
    assert one.box == pytest.approx((100, 100, 1101, 391), abs=2)


def test_the_photos_own_border_cuts_nobody_off() -> None:
    photo = scene((0, 0, 60, 200), (180, 40, 260, 160), size=(200, 400))
    tile = detect_in_window(photo, (0, 0, 220, 200), look, CONFIG.border)
    assert [(person.box[0], is_whole) for person, is_whole in tile] == [(0, True), (180, False)]


def test_an_ordinary_photo_is_searched_once_unless_tiles_are_requested() -> None:
    photo, sizes = scene((50, 50, 120, 250), size=(300, 500)), []

    class Blobs:
        judges = True

        def detect(self, seen: np.ndarray) -> list[Person]:
            sizes.append(seen.shape[:2])
            return look(seen)

    finder = PeopleFinder(Blobs(), lambda seen, people: list(people), FinderConfig(0.3, 0))
    (one,) = finder.find(photo)
    assert sizes == [(300, 500)]
    (again,) = finder.find(photo, tiled=True)
    assert len(sizes) > 4 and again.number == 1
    assert again.box == pytest.approx(one.box, abs=2)


def montage(people: list[Person], photo: np.ndarray, count: int) -> tuple[np.ndarray, list]:
    """People of a photo side by side on a varied ground of 5000 by 400 pixels, and where."""
    rng = np.random.default_rng(5)
    ground = resized(rng.integers(70, 190, (4, 40, 3), np.uint8), (400, 5000))
    picture, places = ground.astype(np.float32), []
    for i in range(count):
        rows, columns, alpha = people[i % len(people)].cropped
        tall = 250 + 17 * (i % 7)
        wide = round(tall * alpha.shape[1] / alpha.shape[0])
        cut, alpha = (resized(a, (tall, wide)) for a in (photo[rows, columns], alpha))
        if i % 2:
            cut, alpha = cut[:, ::-1], alpha[:, ::-1]
        x, y = 20 + 237 * i + int(rng.integers(0, 50)), 395 - tall
        part = picture[y : y + tall, x : x + wide]
        part += alpha[..., None] * (cut - part)
        places.append((x, y, x + wide, y + tall))
    return np.uint8(picture.round().clip(0, 255)), places


def test_a_montage_of_21_people_shows_21() -> None:
    photo, finder = open_photo(BUS), starter_swapper().models.finder()
    models = [p for p in finder.find(photo) if p.confidence > 0.85]
    assert len(models) == 2
    picture, places = montage(models, photo, 21)
    people = finder.find(picture)
    assert len(people) == 21
    middles = [(p.box[0] + p.box[2]) / 2 for p in people]
    for middle, (x0, _, x1, _) in zip(middles, places, strict=True):
        assert x0 < middle < x1


def test_people_whom_only_tiles_show_are_found_once() -> None:
    boxes = [(30 + 230 * i, 60, 170 + 230 * i, 380) for i in range(21)]
    photo = scene(*boxes, size=(400, 5000))

    def in_tiles_alone(picture: np.ndarray) -> list[Person]:
        return [] if picture.shape == photo.shape else look(picture)

    assert len(search_tiles(photo, in_tiles_alone, 0.3, CONFIG)) == 21
