"""The adapter around ultralytics, on real photos with the starter's weights."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from photos import BUS, ZIDANE, empty_photo

from bgswap.errors import ModelUnavailable, NoPersonDetected
from bgswap.people.detector import (
    PersonDetector,
    enlarged,
    people_from,
    restored_threads,
)
from bgswap.people.detector_files import OFFICIAL
from bgswap.people.nearby import overlap
from bgswap.types import Person
from bgswap.weights import STARTER

FOLDER = STARTER / "person-detector"


@pytest.fixture(scope="module")
def detector() -> PersonDetector:
    return PersonDetector.load(FOLDER)


def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path))[:, :, ::-1]


# Boxes of the people, read off the photos by eye.
BUS_PEOPLE = [(0, 550, 75, 875), (50, 400, 245, 905), (222, 405, 345, 860), (670, 390, 810, 880)]
ZIDANE_PEOPLE = [(120, 190, 712, 720), (745, 40, 1145, 720)]


def found(people: list[Person], truth: list[tuple]) -> int:
    """How many of the true people a box lies over, by more than half of their union."""
    return sum(max((overlap(p.box, box) for p in people), default=0) > 0.5 for box in truth)


def test_bus_shows_at_least_three_of_its_four_people(detector: PersonDetector) -> None:
    photo = read(BUS)
    people = detector.find(photo)
    assert found(people, BUS_PEOPLE) >= 3
    for person in people:
        assert person.mask.shape == photo.shape[:2]
        assert person.mask.dtype == np.float32


def test_zidane_shows_both(detector: PersonDetector) -> None:
    people = detector.find(read(ZIDANE))
    assert found(people, ZIDANE_PEOPLE) == 2
    assert [p.number for p in people] == list(range(1, len(people) + 1))
    centres = [p.box[0] + p.box[2] for p in people]
    assert centres == sorted(centres)


def test_nobody_there(detector: PersonDetector) -> None:
    with pytest.raises(NoPersonDetected, match=r"^No person detected$"):
        detector.find(empty_photo())


def test_large_photos_come_back_at_their_size(detector: PersonDetector) -> None:
    photo = cv2.resize(read(ZIDANE), None, fx=2.5, fy=2.5)
    people = detector.find(photo)
    upright = tuple(2.5 * side for side in ZIDANE_PEOPLE[1])
    assert found(people, [upright]) == 1
    assert people[0].mask.shape == photo.shape[:2]


def test_thread_counts_are_as_before() -> None:
    code = f"""
import cv2, torch, numpy as np
torch.set_num_threads(3); cv2.setNumThreads(3)
from bgswap.people.detector import PersonDetector
from bgswap.errors import NoPersonDetected
detector = PersonDetector.load(__import__("pathlib").Path({str(FOLDER)!r}))
assert (torch.get_num_threads(), cv2.getNumThreads()) == (3, 3), "after load"
try: detector.find(np.zeros((64, 64, 3), np.uint8))
except NoPersonDetected: pass
print(torch.get_num_threads(), cv2.getNumThreads())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout.split() == ["3", "3"], run.stderr


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as Ultralytics publishes them, 80 classes, untrained."""
    with restored_threads():
        from ultralytics import YOLO
    path = tmp_path_factory.mktemp("official") / "yolov8n-seg.pt"
    model = YOLO("yolov8n-seg.yaml", task="segment")
    model.model.names = {0: "person"} | {i: f"thing {i}" for i in range(1, 80)}
    model.save(path)
    return path


def test_official_weights_load_and_run(official: Path) -> None:
    detector = PersonDetector.load(official)
    assert detector.threshold == OFFICIAL["threshold"]
    with pytest.raises(NoPersonDetected):
        detector.find(empty_photo())


def test_threshold_can_be_set() -> None:
    assert PersonDetector.load(FOLDER, threshold=0.9).threshold == 0.9


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "other")
    config = json.loads((tmp_path / "other/config.json").read_text())
    config["architecture"] = "yolov8s-seg"
    (tmp_path / "other/config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable):
        PersonDetector.load(tmp_path / "other")
    with pytest.raises(ModelUnavailable):
        PersonDetector.load(tmp_path)


def test_a_second_stage_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "other"))
    config = json.loads((folder / "config.json").read_text())
    config["closer"]["widths"] = [8, 16, 16, 16, 16]
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable, match="no person detector in other"):
        PersonDetector.load(folder)
    del config["closer"]
    (folder / "config.json").write_text(json.dumps(config))
    one_stage = PersonDetector.load(folder, threshold=0.4)
    people = one_stage.find(read(ZIDANE))
    assert all(p.confidence >= 0.4 for p in people)


def test_results_become_people_from_left_to_right() -> None:
    import torch
    from ultralytics.engine.results import Results

    masks = torch.zeros(2, 50, 40)
    masks[0, 10:40, 25:35] = 1
    masks[1, 10:40, 5:15] = 1
    boxes = torch.tensor([[25, 10, 35, 40, 0.9, 0], [5, 10, 15, 40, 0.8, 0]])
    names = {0: "person"}
    result = Results(np.zeros((50, 40, 3), np.uint8), "", names, boxes=boxes, masks=masks)
    people = [enlarged(person, (100, 80)) for person in people_from(result)]
    assert [p.number for p in people] == [1, 2]
    assert people[0].box == (10, 20, 30, 80)
    assert people[0].confidence == pytest.approx(0.8)
    assert people[0].mask[50, 20] == 1 and people[0].mask[50, 60] == 0
