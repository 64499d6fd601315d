"""Finds people with YOLOv8-seg: the one adapter between ultralytics and the rest."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgswap.detection.base import enlarged, left_to_right
from bgswap.detection.checkpoints import read_official, read_own
from bgswap.detection.second_stage import SecondStage
from bgswap.io.images import fit_within
from bgswap.mask_ops import box_iou
from bgswap.models import smoke
from bgswap.types import Person, as_box

if TYPE_CHECKING:
    from torch import nn
    from ultralytics.engine.results import Results

# The network sees at most 640 pixels a side and draws masks on a quarter of that: beyond this size
# a photo only costs memory (four bytes a pixel and person inside ultralytics).
WORKING_PIXELS = 1_000_000
MOST_PEOPLE = 50
# IoU above which boxes found in the photo and in its mirror image are one person's.
SAME_BOX = 0.55


class YoloDetector:
    """A YOLOv8-seg model and how it is to be run. Safe to share between threads.

    Args:
        network: an ultralytics ``SegmentationModel`` whose class 0 is ``person``.
        imgsz: longer side in pixels that the network sees.
        threshold: least confidence of a candidate, in (0, 1).
        iou: overlap above which two boxes count as one person, in (0, 1).
        device: ``cpu``, ``cuda`` or ``mps``.
        mirror: test-time augmentation: the mean of predictions for the photo and its mirror image.
        second: the second stage: each candidate's final mask and confidence.
    """

    def __init__(
        self,
        network: "nn.Module",
        imgsz: int,
        threshold: float,
        iou: float,
        device: str = "cpu",
        mirror: bool = False,
        second: SecondStage | None = None,
    ) -> None:
        self.threshold, self._mirror, self._second = threshold, mirror, second
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

    @property
    def judges(self) -> bool:
        """Whether a second stage has drawn the masks and judged the people."""
        return self._second is not None

    @classmethod
    def load(cls, path: Path, device: str = "cpu", threshold: float = 0.0) -> "YoloDetector":
        """From an official ``.pt`` file, or from a folder with config.json and model.safetensors.

        Args:
            threshold: overrides the model's own where it is above 0.

        Raises:
            ModelUnavailable: what lies there does not fit a YOLOv8-seg model.
        """
        from bgswap.networks.inference import fused

        with restored_threads():
            network, config, second = read_official(path) if path.is_file() else read_own(path)
        least = threshold or config["threshold"]
        mirror = config.get("mirror", False)
        stage = SecondStage(fused(second), device) if second else None
        return cls(network, config["imgsz"], least, config["iou"], device, mirror, stage)

    def check(self) -> None:
        """Smoke test: run on noise, before the weights of a full model are used.

        Raises:
            Exception: the network does not run.
        """
        self.detect(smoke.noise())

    def detect(self, photo: np.ndarray) -> list[Person]:
        """The candidates in a photo, numbered from left to right; may be empty.

        Args:
            photo: (H, W, 3) uint8 RGB.

        Returns:
            One :class:`Person` each, with a mask at photo size, as rough as the network draws it.
        """
        small = fit_within(photo, pixels=WORKING_PIXELS)
        with self._lock, restored_threads():
            straight, *mirrored = map(people_from, self._predictor(_bgr(small, self._mirror)))
        found = straight
        if mirrored:
            turned = [_mirrored(person) for person in mirrored[0]]
            found = agreed(straight, turned, self.threshold)
        if self._second and found:
            with self._lock:
                found = self._second(small, found)
        return [enlarged(person, photo.shape[:2]) for person in left_to_right(found)]

    def look(self, photo: np.ndarray) -> list[Person]:
        """Rough candidates by one pass, without mirror image and second stage.

        Args and result are those of :meth:`detect`; more of the candidates are false positives.
        """
        small = fit_within(photo, pixels=WORKING_PIXELS)
        with self._lock, restored_threads():
            (found,) = map(people_from, self._predictor(_bgr(small, mirror=False)))
        return [enlarged(person, photo.shape[:2]) for person in left_to_right(found)]


def _bgr(picture: np.ndarray, mirror: bool) -> list[np.ndarray]:
    """An RGB picture as ultralytics takes it; if wanted, its mirror image after it."""
    bgr = np.ascontiguousarray(picture[:, :, ::-1])
    return [bgr, np.ascontiguousarray(bgr[:, ::-1])] if mirror else [bgr]


def people_from(result: "Results") -> list[Person]:
    """Ultralytics' result of one picture as people of that picture."""
    if result.masks is None or not result.boxes:
        return []
    height, width = result.orig_shape
    # Typed as tensors or arrays; the predictor gives tensors.
    given: Any = result.boxes
    boxes = given.xyxy.cpu().numpy().clip(0, [width, height, width, height])
    confidences = given.conf.cpu().numpy()
    masks = result.masks.data
    return left_to_right(
        Person(
            number=0,
            box=as_box(round(float(v), 1) for v in boxes[i]),
            confidence=float(confidences[i]),
            mask=masks[i].float().cpu().numpy(),
        )
        for i in range(len(boxes))
    )


def agreed(one: list[Person], other: list[Person], threshold: float) -> list[Person]:
    """Test-time augmentation: two predictions for one photo merged.

    A person in both gets the mean of both masks and boxes, weighted by confidence, and the mean
    confidence; a person in one of them keeps half the confidence.

    Args:
        one, other: the people of each prediction, in pixels of one photo.
        threshold: least confidence of a person.
    """
    left, together = list(other), []
    for person in sorted(one, key=lambda p: -p.confidence):
        overlaps = [box_iou(person.box, p.box) for p in left]
        best = int(np.argmax(overlaps)) if overlaps else -1
        twin = left.pop(best) if overlaps and overlaps[best] > SAME_BOX else None
        together.append(_mean(person, twin))
    together += [_mean(person, None) for person in left]
    return [person for person in together if person.confidence >= threshold]


def _mean(person: Person, twin: Person | None) -> Person:
    if twin is None:
        return replace(person, confidence=person.confidence / 2)
    weights = np.array([person.confidence, twin.confidence]) + 1e-6
    box = np.average([person.box, twin.box], axis=0, weights=weights)
    mask = np.average([person.mask, twin.mask], axis=0, weights=weights)
    confidence = (person.confidence + twin.confidence) / 2
    return replace(
        person,
        box=as_box(float(v) for v in box),
        confidence=confidence,
        mask=mask.astype(np.float32),
    )


def _mirrored(person: Person) -> Person:
    """The person in the mirrored picture."""
    x0, y0, x1, y1 = person.box
    width = person.size[1]
    mask = np.ascontiguousarray(person.mask[:, ::-1])
    return replace(person, box=(width - x1, y0, width - x0, y1), mask=mask)


@contextmanager
def restored_threads() -> Iterator[None]:
    """Give torch and OpenCV back the thread counts that they came in with.

    Ultralytics sets both to one thread when it is imported and whenever it chooses a CPU, and
    everything that runs after it in the process would stay on one core.
    """
    import torch

    # Read when ultralytics is imported: run no code out of a weight file, install nothing by
    # itself, say only what went wrong.
    os.environ["ULTRALYTICS_SAFE_LOAD"] = "true"
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    os.environ.setdefault("YOLO_VERBOSE", "false")
    torch_threads, cv_threads = torch.get_num_threads(), cv2.getNumThreads()
    try:
        yield
    finally:
        torch.set_num_threads(torch_threads)
        cv2.setNumThreads(cv_threads)
