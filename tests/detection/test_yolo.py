"""The adapter around ultralytics, on real photos with the starter's weights."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from photos import BUS, ZIDANE, empty_photo, starter_swapper

from benchmarks.robustness import dark, same_people
from bgswap.detection.base import enlarged
from bgswap.detection.checkpoints import OFFICIAL
from bgswap.detection.yolo import YoloDetector, agreed, people_from, restored_threads
from bgswap.errors import ModelUnavailable
from bgswap.mask_ops import box_iou
from bgswap.models import STARTER
from bgswap.types import Person

FOLDER = STARTER / "person-detector"


@pytest.fixture(scope="module")
def detector() -> YoloDetector:
    return YoloDetector.load(FOLDER)


def read(path: Path) -> np.ndarray:
    return cv2.imread(str(path))[:, :, ::-1]


# Boxes of the people, read off the photos by eye.
BUS_PEOPLE = [(0, 550, 75, 875), (50, 400, 245, 905), (222, 405, 345, 860), (670, 390, 810, 880)]
ZIDANE_PEOPLE = [(120, 190, 712, 720), (745, 40, 1145, 720)]


def found(people: list[Person], truth: list[tuple]) -> int:
    """How many of the true people a box lies over, by more than half of their union."""
    return sum(max((box_iou(p.box, box) for p in people), default=0) > 0.5 for box in truth)


def test_bus_shows_its_four_people() -> None:
    photo = read(BUS)
    people = starter_swapper().find_people(photo)
    assert found(people, BUS_PEOPLE) == 4
    for person in people:
        assert person.mask.shape == photo.shape[:2]
        assert person.mask.dtype == np.float32


def test_zidane_shows_both() -> None:
    people = starter_swapper().find_people(read(ZIDANE))
    inside = [(120, 190, 712, 720), (660, 40, 1145, 720)]
    assert len(people) == 2
    for person, (x0, y0, x1, y1) in zip(people, inside, strict=True):
        assert x0 - 20 <= person.box[0] and person.box[2] <= x1 + 20
        assert y0 - 20 <= person.box[1] and person.box[3] <= y1 + 20
    assert [p.number for p in people] == [1, 2]


@pytest.mark.parametrize("photo", [BUS, ZIDANE])
def test_a_dark_copy_shows_the_same_people(photo: Path) -> None:
    picture, swapper = read(photo), starter_swapper()
    masks, again = (
        [person.mask for person in swapper.find_people(copy)] for copy in (picture, dark(picture))
    )
    assert same_people(masks, again)["same"]


def test_both_passes_agree_on_the_same_people() -> None:
    def person(x: float, confidence: float) -> Person:
        mask = np.zeros((40, 60), np.float32)
        mask[10:30, int(x) : int(x) + 10] = 1
        return Person(1, (x, 10, x + 10, 30), confidence, mask)

    both = agreed([person(10, 0.8)], [person(12, 0.4), person(40, 0.6), person(50, 0.2)], 0.25)
    assert [p.confidence for p in both] == pytest.approx([0.6, 0.3])
    assert both[0].box[0] == pytest.approx((10 * 0.8 + 12 * 0.4) / 1.2, abs=1e-3)
    assert both[0].mask[20, 15] == pytest.approx(1) and 0 < both[0].mask[20, 21] < 1
    assert agreed([], [], 0.25) == []


def test_a_mirrored_photo_shows_the_same_people(detector: YoloDetector) -> None:
    photo = read(BUS)
    straight = detector.detect(photo)
    turned = detector.detect(np.ascontiguousarray(photo[:, ::-1]))
    assert len(straight) == len(turned)
    width = photo.shape[1]
    for person in straight:
        x0, y0, x1, y1 = person.box
        assert max(box_iou((width - x1, y0, width - x0, y1), p.box) for p in turned) > 0.97


def test_a_look_is_one_pass_that_misses_nobody(
    detector: YoloDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes = []
    predict = detector._predictor
    monkeypatch.setattr(detector, "_predictor", lambda p: passes.append(len(p)) or predict(p))
    monkeypatch.setattr(detector, "_second", None)
    seen = detector.look(read(BUS))
    assert passes == [1]
    assert found(seen, BUS_PEOPLE) == 4
    assert all(person.mask.shape == (1080, 810) for person in seen)


def test_large_photos_come_back_at_their_size(detector: YoloDetector) -> None:
    photo = cv2.resize(read(ZIDANE), None, fx=2.5, fy=2.5)
    people = detector.detect(photo)
    upright = tuple(2.5 * side for side in ZIDANE_PEOPLE[1])
    assert found(people, [upright]) == 1
    assert people[0].mask.shape == photo.shape[:2]


def test_thread_counts_are_as_before() -> None:
    code = f"""
import cv2, torch, numpy as np
torch.set_num_threads(3); cv2.setNumThreads(3)
from bgswap.detection.yolo import YoloDetector
detector = YoloDetector.load(__import__("pathlib").Path({str(FOLDER)!r}))
assert (torch.get_num_threads(), cv2.getNumThreads()) == (3, 3), "after load"
detector.detect(np.zeros((64, 64, 3), np.uint8))
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
    detector = YoloDetector.load(official)
    assert detector.threshold == OFFICIAL["threshold"]
    assert detector.detect(empty_photo()) == []


def test_threshold_can_be_set() -> None:
    assert YoloDetector.load(FOLDER, threshold=0.9).threshold == 0.9


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "other")
    config = json.loads((tmp_path / "other/config.json").read_text())
    config["architecture"] = "yolov8n-seg"
    (tmp_path / "other/config.json").write_text(json.dumps(config))
    with pytest.raises(ModelUnavailable):
        YoloDetector.load(tmp_path / "other")
    with pytest.raises(ModelUnavailable):
        YoloDetector.load(tmp_path)


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
