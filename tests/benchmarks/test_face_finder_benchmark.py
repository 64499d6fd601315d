"""The counting of the face finder's benchmark, on drawn masks."""

import json

import numpy as np
import pytest

from benchmarks import face_finder
from benchmarks.face_finder import LabeledPhoto, measure, split_people, summary, table
from bgswap.faces.base import FaceBox

LEFT, RIGHT, SMALL = FaceBox(10, 10, 30, 40), FaceBox(110, 10, 30, 40), FaceBox(60, 60, 12, 12)


class Fixed:
    """Gives the same box for everybody."""

    def __init__(self, box: FaceBox | None) -> None:
        self.box = box

    def find(self, image, mask):
        return self.box


@pytest.fixture
def labeled() -> LabeledPhoto:
    mask = np.ones((100, 160), np.float32)
    faces = [LEFT, RIGHT, SMALL]
    photo = np.full((100, 160, 3), 90, np.uint8)
    return LabeledPhoto(photo, split_people(mask, faces), faces, [FaceBox(70, 70, 20, 20)])


def test_people_in_one_mask_are_split_at_the_nearest_face(labeled):
    assert len(labeled.people) == 3
    assert np.array_equal(sum(labeled.people), np.ones((100, 160)))
    assert [labeled.face_of(person) for person in labeled.people] == labeled.faces
    apart = np.zeros((100, 160), np.float32)
    apart[:, :50] = apart[:, 100:] = 1
    apart[0, 60] = 1
    assert [person.sum() for person in split_people(apart, [LEFT])] == [5000, 6000]


@pytest.mark.parametrize(
    ("box", "hits", "false"),
    [
        (LEFT, 1, 0),
        (RIGHT, 1, 0),
        (FaceBox(72, 72, 18, 18), 0, 0),
        (FaceBox(60, 0, 20, 20), 0, 3),
        (None, 0, 0),
    ],
)
def test_hits_and_false_positives(labeled, box, hits, false):
    figures = summary(measure(Fixed(box), labeled, "clean"))
    assert (figures["faces"], figures["people"]) == (2, 3), "a face below 20 pixels is not counted"
    assert figures["recall"] == hits / 2
    assert figures["false"] == false / 3
    json.dumps(figures)
    assert f"| clean | {hits / 2:.3f} | 2 |" in table({"clean": figures})


def test_boxes_shrink_with_the_photo(labeled):
    half = FaceBox(*(value / 2 for value in LEFT))
    figures = summary(measure(Fixed(half), labeled, "a quarter of the pixels"))
    assert (figures["faces"], figures["false"]) == (0, 0)


@pytest.mark.parametrize("condition", list(face_finder.CONDITIONS)[1:])
def test_each_condition_changes_the_photo(condition):
    photo = np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)
    worse = face_finder.CONDITIONS[condition](photo)
    assert worse.shape != photo.shape or not np.array_equal(worse, photo)


def test_no_photo_is_in_both_parts_and_boxes_are_inside():
    rows = [json.loads(line) for line in face_finder.BOXES.read_text().splitlines()]
    parts = {
        part: {(r["archive"], r["photo"]) for r in rows if r["part"] == part}
        for part in ("choice", "figures")
    }
    assert not parts["choice"] & parts["figures"]
    faces = [box for row in rows if row["part"] == "figures" for box in row["faces"]]
    assert sum(np.sqrt(width * height) >= face_finder.SMALLEST for *_, width, height in faces) > 150
