"""Outlines, cut-outs and clicks, on people that are drawn."""

import cv2
import numpy as np
import pytest

from bgswap import Person
from bgswap.io.images import resize
from bgswap.ui.overlays import card, outlined
from bgswap.ui.thumbnails import CUTOUT_SIDE, LONGEST_SHOWN, cut_out, person_at, sketch

HEIGHT, WIDTH = 300, 400


def ellipse(number: int, centre: tuple[int, int], axes: tuple[int, int]) -> Person:
    """A person whose mask is an ellipse; axes are half its (width, height)."""
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1)
    (x, y), (a, b) = centre, axes
    return Person(number, (x - a, y - b, x + a, y + b), 0.9, mask)


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(60, 200, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture
def people() -> list[Person]:
    return [ellipse(1, (90, 160), (40, 100)), ellipse(2, (280, 160), (50, 110))]


def test_a_click_finds_the_person_under_it(photo: np.ndarray, people: list[Person]) -> None:
    figures = sketch(photo, people).figures
    assert person_at(figures, 90, 160) == 1
    assert person_at(figures, 280, 100) == 2
    assert person_at(figures, 185, 160) is None


def test_a_click_just_outside_counts_within_reach(photo: np.ndarray, people: list[Person]) -> None:
    figures = sketch(photo, people).figures
    assert person_at(figures, 135, 160) is None
    assert person_at(figures, 135, 160, reach=8) == 1


def test_where_two_overlap_the_smaller_one_is_meant(photo: np.ndarray) -> None:
    figures = sketch(
        photo, [ellipse(1, (200, 150), (120, 130)), ellipse(2, (220, 200), (30, 60))]
    ).figures
    assert person_at(figures, 220, 200) == 2
    assert person_at(figures, 110, 150) == 1


def test_who_goes_is_faded_and_who_stays_is_untouched(
    photo: np.ndarray, people: list[Person]
) -> None:
    picture = outlined(sketch(photo, people), kept={1})
    assert picture.shape == photo.shape
    assert np.array_equal(picture[150:170, 80:100], photo[150:170, 80:100])
    gone = picture[150:170, 270:290].astype(int)
    assert not np.array_equal(gone, photo[150:170, 270:290])
    assert np.ptp(gone, axis=-1).max() <= 1, "grey has no color"


def test_style_alone_tells_who_stays(photo: np.ndarray, people: list[Person]) -> None:
    plain = np.full_like(photo, 128)

    def line_share(kept: set[int]) -> float:
        drawn = outlined(sketch(plain, people), kept)
        edge = cv2.ellipse(np.zeros(photo.shape[:2], np.uint8), (280, 160), (50, 110), 0, 0, 360, 1)
        edge[:80] = 0  # the number stands there
        return float((drawn != plain).any(-1)[edge > 0].mean())

    assert line_share({1, 2}) > 0.95
    dashed = outlined(sketch(plain, people), {1})
    rim = dashed[200:260, 225:240]
    orange = (rim[..., 0] > rim[..., 2].astype(int) + 60).any(axis=1)
    assert 0.2 < orange.mean() < 0.95, "a dashed line has gaps"


def test_numbers_are_written_on_the_photo(people: list[Person]) -> None:
    plain = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    one = outlined(sketch(plain, people[:1]), {1})
    renamed = Person(7, people[0].box, people[0].confidence, people[0].mask)
    seven = outlined(sketch(plain, [renamed]), {7})
    assert not np.array_equal(one, seven)


def test_a_large_photo_is_shown_small() -> None:
    large = np.zeros((1500, 3000, 3), np.uint8)
    mask = np.zeros((1500, 3000), np.float32)
    mask[400:1400, 600:1200] = 1
    shown = sketch(large, [Person(1, (600, 400, 1200, 1400), 0.8, mask)])
    assert shown.photo.shape == (LONGEST_SHOWN // 2, LONGEST_SHOWN, 3)
    assert person_at(shown.figures, 900 * LONGEST_SHOWN / 3000, 900 * LONGEST_SHOWN / 3000) == 1
    assert max(shown.figures[0].cutout.shape[:2]) <= 320


def test_cut_out_holds_the_person_alone(photo: np.ndarray, people: list[Person]) -> None:
    picture = cut_out(photo, people[0])
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 4
    assert 200 <= picture.shape[0] <= 225
    assert picture[0, 0, 3] == 0
    middle = picture[picture.shape[0] // 2, picture.shape[1] // 2]
    assert middle[3] == 255
    assert (picture[..., 3] > 127).sum() == pytest.approx(np.pi * 40 * 100, rel=0.03)


def test_a_box_beyond_the_photo_is_cut_at_its_border(photo: np.ndarray) -> None:
    mask = np.ones((HEIGHT, WIDTH), np.float32)
    picture = cut_out(photo, Person(1, (-5, -5, WIDTH + 5, HEIGHT + 5), 0.9, mask))
    assert picture.shape == (HEIGHT, WIDTH, 4)


def test_cards_fade_who_goes(photo: np.ndarray, people: list[Person]) -> None:
    figure = sketch(photo, people).figures[0]
    stays, goes = card(figure, stays=True), card(figure, stays=False)
    assert stays.shape == goes.shape == (304, 264, 4)
    assert stays[180, 132, 3] == 255
    assert goes[180, 132, 3] < 128
    assert goes[180, 132, 0] == goes[180, 132, 1] == goes[180, 132, 2]


def test_an_empty_mask_breaks_nothing(photo: np.ndarray) -> None:
    nobody = Person(1, (10, 10, 60, 90), 0.5, np.zeros((HEIGHT, WIDTH), np.float32))
    shown = sketch(photo, [nobody])
    assert person_at(shown.figures, 30, 40, reach=10) is None
    assert outlined(shown, {1}).shape == photo.shape


RED, GREEN = (200, 30, 30), (20, 180, 60)


@pytest.fixture
def mixed() -> tuple[np.ndarray, Person]:
    """A red person before green, mixed in a soft edge as a lens does."""
    person = ellipse(1, (200, 150), (80, 120))
    mask = cv2.GaussianBlur(person.mask, (0, 0), 4)
    mask[mask < 0.004] = 0
    photo = mask[:, :, None] * np.float32(RED) + (1 - mask[:, :, None]) * np.float32(GREEN)
    return np.rint(photo).astype(np.uint8), Person(1, person.box, 0.9, mask)


def assert_without_background(rgba: np.ndarray, most: float) -> None:
    alpha = rgba[:, :, 3]
    assert not rgba[alpha == 0, :3].any()
    soft = rgba[(alpha > 16) & (alpha < 255), :3].astype(int)
    assert len(soft) > 100
    assert np.abs(soft - RED).mean() < most


def test_cut_outs_hold_nothing_of_the_background(mixed: tuple[np.ndarray, Person]) -> None:
    photo, person = mixed
    assert_without_background(cut_out(photo, person), most=8)
    figure = sketch(*enlarged(photo, person)).figures[0]
    assert max(figure.cutout.shape) <= CUTOUT_SIDE
    assert_without_background(figure.cutout, most=8)
    tile = card(figure, stays=True)
    assert not tile[tile[:, :, 3] == 0, :3].any()


def enlarged(photo: np.ndarray, person: Person) -> tuple[np.ndarray, list[Person]]:
    size, box = (3 * WIDTH, 3 * HEIGHT), tuple(side * 3 for side in person.box)
    return cv2.resize(photo, size), [Person(1, box, 0.9, cv2.resize(person.mask, size))]


def test_shrinking_leaves_no_dark_rim() -> None:
    disc = np.zeros((200, 200, 4), np.uint8)
    cv2.circle(disc, (100, 100), 80, (*RED, 255), -1, cv2.LINE_AA)
    disc[disc[:, :, 3] > 0, :3] = RED
    small = resize(disc, (67, 67))
    assert np.abs(small[small[:, :, 3] > 8, :3].astype(int) - RED).max() <= 4
    assert not small[small[:, :, 3] == 0].any()
