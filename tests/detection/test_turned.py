"""A rotated photo is reported; an upright one costs no detection."""

import blobs
import numpy as np
import pytest
from photos import BUS, empty_photo, starter_swapper

from bgswap.detection.finder import PeopleFinder
from bgswap.detection.turned import ADVICE, upright_turn
from bgswap.errors import NoPersonDetected
from bgswap.io.images import open_photo
from bgswap.report import Report
from bgswap.types import Person

# The fake detector's confidence is high where people are taller than wide, low otherwise.
STANDING = blobs.scene((60, 10, 100, 190), size=(200, 160))


def turned(photo: np.ndarray, degrees: int) -> np.ndarray:
    """The photo turned to the left: ``degrees`` to the right make it upright again."""
    return np.ascontiguousarray(np.rot90(photo, degrees // 90))


def look_up(photo: np.ndarray) -> list[Person]:
    """As :func:`blobs.look`, for people with something bright above them: no one on their head."""
    return [p for p in blobs.look(photo) if photo[: len(photo) // 2].mean() >= photo.mean()]


def standing() -> np.ndarray:
    photo = STANDING.copy()
    photo[:4] = 255
    return photo


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_the_turn_that_shows_somebody_is_found(degrees: int) -> None:
    photo = turned(standing(), degrees)
    people = [p for p in look_up(photo) if p.confidence >= 0.3]
    assert upright_turn(photo, people, look_up) == degrees


def test_confident_detections_need_no_rotated_copies() -> None:
    def never(photo: np.ndarray) -> list[Person]:
        pytest.fail("a turned copy was looked at")

    assert upright_turn(STANDING, blobs.look(STANDING), never) == 0


def test_a_little_more_is_no_reason_to_turn() -> None:
    # Somebody in doubt, and in a turned copy hardly less in doubt.
    lying = blobs.scene((10, 60, 130, 100), size=(200, 160))
    people = blobs.look(lying)
    assert people[0].confidence < 0.7
    assert upright_turn(lying, people, blobs.look) in (90, 270)
    surer = [Person(1, p.box, 0.65, p.mask) for p in people]
    assert upright_turn(lying, surer, blobs.look) == 0


@pytest.mark.parametrize(("confidence", "turn"), [(0.6, 0), (0.75, 90)])
def test_a_copy_must_show_somebody_for_sure(confidence: float, turn: int) -> None:
    def look(photo: np.ndarray) -> list[Person]:
        mask = np.ones(photo.shape[:2], np.float32)
        box = (0.0, 0.0, float(photo.shape[1]), float(photo.shape[0]))
        return [Person(number, box, confidence, mask) for number in (1, 2, 3)]

    assert upright_turn(STANDING, [], look) == turn


def test_each_copy_is_searched_once_and_small() -> None:
    seen: list[tuple[int, ...]] = []

    def look(photo: np.ndarray) -> list[Person]:
        seen.append(photo.shape[:2])
        return []

    assert upright_turn(np.zeros((1000, 2000, 3), np.uint8), [], look) == 0
    assert len(seen) == 3
    assert max(height * width for height, width in seen) <= 250_000


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_real_photo_without_exif_is_reported(degrees: int) -> None:
    photo, report = turned(open_photo(BUS), degrees), Report()
    try:
        starter_swapper().find_people(photo, report)
        said = report.notes
    except NoPersonDetected as error:
        assert str(error).startswith("No person detected. ")
        said = [str(error).removeprefix("No person detected. ")]
    assert said == [ADVICE[degrees]]


def test_no_advice_if_no_orientation_shows_a_person() -> None:
    with pytest.raises(NoPersonDetected, match=r"^No person detected$"):
        starter_swapper().find_people(empty_photo())


def test_scenes_are_judged_without_turning_them(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Nobody:
        judges = True

        def detect(self, photo: np.ndarray) -> list[Person]:
            seen.append(photo)
            return []

    with pytest.raises(NoPersonDetected):
        PeopleFinder(Nobody()).find(STANDING)
    assert len(seen) == 1
