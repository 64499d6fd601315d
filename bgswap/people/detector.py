"""Finds people with YOLOv8-seg: the one adapter between ultralytics and the rest."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgswap.errors import ModelUnavailable, NoPersonDetected
from bgswap.images import fit_within
from bgswap.types import Person

if TYPE_CHECKING:
    from torch import nn
    from ultralytics.engine.results import Results

Box = tuple[float, float, float, float]

# The network sees at most about 640 pixels a side and draws masks on a quarter of that: beyond
# this size a photo only costs memory (four bytes a pixel and person inside ultralytics).
WORKING_PIXELS = 2_000_000
MOST_PEOPLE = 50
# What official weights are run with: ultralytics' own defaults.
OFFICIAL = {"imgsz": 640, "threshold": 0.25, "iou": 0.7}
# Networks that see fewer pixels a side look at each person once more from nearby: on a photo of
# full figures their masks have cells as large as a face.
SEES_ENOUGH = 640
# How much of its longer side is added around a box for that look, and how much the two boxes
# must have in common for it to count as the same person.
NEARBY_MARGIN, SAME_PERSON = 0.35, 0.8


class PersonDetector:
    """A YOLOv8-seg model and how it is to be run.

    Args:
        network: an ultralytics ``SegmentationModel`` whose class 0 is ``person``.
        imgsz: longer side in pixels that the network sees.
        threshold: least confidence of a person, in (0, 1).
        iou: overlap above which two boxes count as one person, in (0, 1).
        device: ``cpu``, ``cuda`` or ``mps``.
    """

    def __init__(
        self, network: "nn.Module", imgsz: int, threshold: float, iou: float, device: str = "cpu"
    ) -> None:
        self.threshold = threshold
        self._near_sighted = imgsz < SEES_ENOUGH
        self._lock = threading.Lock()
        with restored_threads():
            from ultralytics.models.yolo.segment import SegmentationPredictor

            overrides = {
                "imgsz": imgsz,
                "conf": threshold,
                "iou": iou,
                "device": "0" if device == "cuda" else device,
                "classes": [0],
                "max_det": MOST_PEOPLE,
                "retina_masks": True,
                "rect": True,
                "save": False,
                "verbose": False,
            }
            self._predictor = SegmentationPredictor(overrides=overrides)
            self._predictor.setup_model(network, verbose=False)

    @classmethod
    def load(cls, path: Path, threshold: float = 0.0, device: str = "cpu") -> "PersonDetector":
        """From an official ``.pt`` file, or from a folder with config.json and model.safetensors.

        Args:
            threshold: overrides the model's own where it is above 0.

        Raises:
            ModelUnavailable: what lies there does not fit a YOLOv8-seg model.
        """
        with restored_threads():
            network, config = _official(path) if path.is_file() else _own(path)
        return cls(
            network, config["imgsz"], threshold or config["threshold"], config["iou"], device
        )

    def find(self, photo: np.ndarray) -> list[Person]:
        """The people in a photo, numbered from left to right.

        Args:
            photo: (H, W, 3) uint8 RGB.

        Returns:
            One :class:`Person` each, with a mask at photo size, as rough as the detector drew it.

        Raises:
            NoPersonDetected: there is nobody it is sure of.
        """
        people = self._look(photo)
        if not people:
            raise NoPersonDetected
        if self._near_sighted:
            people = [self._nearby(photo, person) for person in people]
        return people

    def _look(self, photo: np.ndarray) -> list[Person]:
        small = fit_within(photo, pixels=WORKING_PIXELS)
        with self._lock, restored_threads():
            result = self._predictor(np.ascontiguousarray(small[:, :, ::-1]))[0]
        return people_from(result, photo.shape[:2])

    def _nearby(self, photo: np.ndarray, person: Person) -> Person:
        """The same person seen from nearby, where that look is surer; else as they were."""
        rows, columns = _surroundings(person.box, photo.shape[:2])
        seen = [_moved(p, rows, columns, photo.shape[:2]) for p in self._look(photo[rows, columns])]
        same = [p for p in seen if _overlap(p.box, person.box) >= SAME_PERSON]
        best = max(same, key=lambda p: p.confidence, default=person)
        if best.confidence <= person.confidence:
            return person
        return replace(best, number=person.number)


def _surroundings(box: Box, size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a box with some of what is around it, inside a photo of (H, W)."""
    x0, y0, x1, y1 = box
    margin = NEARBY_MARGIN * max(x1 - x0, y1 - y0)
    rows = slice(max(int(y0 - margin), 0), min(int(y1 + margin), size[0]))
    return rows, slice(max(int(x0 - margin), 0), min(int(x1 + margin), size[1]))


def _moved(person: Person, rows: slice, columns: slice, size: tuple[int, int]) -> Person:
    """A person found in a part of a photo, as they stand in the whole of it."""
    x0, y0, x1, y1 = person.box
    left, top = columns.start, rows.start
    mask = np.zeros(size, np.float32)
    mask[rows, columns] = person.mask
    return replace(person, box=(x0 + left, y0 + top, x1 + left, y1 + top), mask=mask)


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / (both - width * height)


def people_from(result: "Results", size: tuple[int, int]) -> list[Person]:
    """Ultralytics' result of one picture as people of a photo of ``size`` (H, W)."""
    if result.masks is None or not len(result.boxes):
        return []
    height, width = size
    scale = np.array([width / result.orig_shape[1], height / result.orig_shape[0]] * 2)
    boxes = result.boxes.xyxy.cpu().numpy() * scale
    boxes = boxes.clip(0, [width, height, width, height])
    confidences = result.boxes.conf.cpu().numpy()
    masks = result.masks.data
    order = np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable")
    return [
        Person(
            number=number,
            box=tuple(round(float(v), 1) for v in boxes[i]),
            confidence=float(confidences[i]),
            mask=_enlarged(masks[int(i)].float().cpu().numpy(), size),
        )
        for number, i in enumerate(order, start=1)
    ]


def _enlarged(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if mask.shape == size:
        return mask
    return cv2.resize(mask, size[::-1], interpolation=cv2.INTER_LINEAR).clip(0, 1)


@contextmanager
def restored_threads() -> Iterator[None]:
    """Give torch and OpenCV back the thread counts that they came in with.

    Ultralytics sets both to one thread when it is imported and whenever it chooses a CPU, and
    everything that runs after it in the process would stay on one core.
    """
    import torch

    # Read when ultralytics is imported: install nothing by itself, say only what went wrong.
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    torch_threads, cv_threads = torch.get_num_threads(), cv2.getNumThreads()
    try:
        yield
    finally:
        torch.set_num_threads(torch_threads)
        cv2.setNumThreads(cv_threads)


def _official(path: Path) -> tuple["nn.Module", dict[str, Any]]:
    from ultralytics import YOLO

    network = YOLO(path, task="segment").model
    if network.names.get(0) != "person":
        raise ModelUnavailable(f"{path.name} does not call its first class person")
    return network, OFFICIAL


def _own(folder: Path) -> tuple["nn.Module", dict[str, Any]]:
    from safetensors.torch import load_file
    from ultralytics.nn.tasks import SegmentationModel

    try:
        config = json.loads((folder / "config.json").read_text())
        network = SegmentationModel(f"{config['architecture']}.yaml", nc=1, verbose=False)
        missing = network.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
        config = {key: config[key] for key in OFFICIAL}
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ModelUnavailable(f"no person detector in {folder.name}: {error}") from error
    lost = [k for k in missing.missing_keys if not k.endswith("num_batches_tracked")]
    if lost or missing.unexpected_keys:
        raise ModelUnavailable(f"the weights in {folder.name} are not of {config}")
    network.names = {0: "person"}
    return network.eval(), config
