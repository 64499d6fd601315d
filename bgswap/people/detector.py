"""Finds people with YOLOv8-seg: the one adapter between ultralytics and the rest.

Official weights see 640 pixels a side and are believed as they are. The starter sees fewer: it
looks at its candidates again from nearby (:mod:`bgswap.people.nearby`), and so does a second stage
(:mod:`bgswap.people.closer`).
"""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.errors import NoPersonDetected
from bgswap.images import fit_within
from bgswap.people.closer import CloserLook
from bgswap.people.detector_files import read_official, read_own
from bgswap.people.nearby import each_once, look_nearby
from bgswap.types import Person

if TYPE_CHECKING:
    from torch import nn
    from ultralytics.engine.results import Results

# The network sees at most about 640 pixels a side and draws masks on a quarter of that: beyond
# this size a photo only costs memory (four bytes a pixel and person inside ultralytics).
WORKING_PIXELS = 2_000_000
MOST_PEOPLE = 50
# Networks that see fewer pixels a side look at each person again from nearby, at this size.
SEES_ENOUGH, NEARBY_PIXELS = 640, 500_000
# With a second stage, the least confidence of the first that is worth a closer look.
DOUBTED = 0.1


class PersonDetector:
    """A YOLOv8-seg model and how it is to be run.

    Args:
        network: an ultralytics ``SegmentationModel`` whose class 0 is ``person``.
        imgsz: longer side in pixels that the network sees.
        threshold: least confidence of a person, in (0, 1).
        iou: overlap above which two boxes count as one person, in (0, 1).
        device: ``cpu``, ``cuda`` or ``mps``.
        closer: the second stage, which then decides how sure it is of a person.
    """

    def __init__(
        self,
        network: "nn.Module",
        imgsz: int,
        threshold: float,
        iou: float,
        device: str = "cpu",
        closer: CloserLook | None = None,
    ) -> None:
        self.threshold, self._closer = threshold, closer
        self._near_sighted = imgsz < SEES_ENOUGH
        self._lock = threading.Lock()
        with restored_threads():
            from ultralytics.models.yolo.segment import SegmentationPredictor

            overrides = {
                "imgsz": imgsz,
                "conf": min(DOUBTED, threshold) if closer else threshold,
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
            network, config, second = read_official(path) if path.is_file() else read_own(path)
        threshold = threshold or config["threshold"]
        closer = CloserLook(second, device) if second else None
        return cls(network, config["imgsz"], threshold, config["iou"], device, closer)

    def find(self, photo: np.ndarray) -> list[Person]:
        """The people in a photo, numbered from left to right.

        Args:
            photo: (H, W, 3) uint8 RGB.

        Returns:
            One :class:`Person` each, with a mask at photo size, as rough as the detector drew it.

        Raises:
            NoPersonDetected: there is nobody it is sure of.
        """
        people = self._sure(fit_within(photo, pixels=WORKING_PIXELS))
        if not people:
            raise NoPersonDetected
        return [enlarged(person, photo.shape[:2]) for person in people]

    def _sure(self, photo: np.ndarray) -> list[Person]:
        people = self.candidates(photo)
        if not self._near_sighted:
            return people
        look = partial(self._look, pixels=NEARBY_PIXELS)
        people = [look_nearby(photo, person, look) for person in people]
        if self._closer:
            with self._lock:
                people = self._closer(photo, people)
        return left_to_right(p for p in each_once(people) if p.confidence >= self.threshold)

    def candidates(self, photo: np.ndarray) -> list[Person]:
        """Who may be there by one look at the whole photo, (H, W, 3) uint8 RGB.

        A detector that looks again from nearby doubts some of them; nobody is an empty list.
        """
        (people,) = self._look([photo])
        return people

    def _look(self, photos: list[np.ndarray], pixels: int = WORKING_PIXELS) -> list[list[Person]]:
        small = [fit_within(photo, pixels=pixels) for photo in photos]
        with self._lock, restored_threads():
            results = self._predictor([np.ascontiguousarray(p[:, :, ::-1]) for p in small])
        found = zip(map(people_from, results), photos, strict=True)
        return [[enlarged(p, photo.shape[:2]) for p in people] for people, photo in found]


def people_from(result: "Results") -> list[Person]:
    """Ultralytics' result of one picture as people of that picture."""
    if result.masks is None or not len(result.boxes):
        return []
    height, width = result.orig_shape
    boxes = result.boxes.xyxy.cpu().numpy().clip(0, [width, height, width, height])
    confidences = result.boxes.conf.cpu().numpy()
    masks = result.masks.data
    return left_to_right(
        Person(
            number=0,
            box=tuple(round(float(v), 1) for v in boxes[i]),
            confidence=float(confidences[i]),
            mask=masks[i].float().cpu().numpy(),
        )
        for i in range(len(boxes))
    )


def left_to_right(people: Iterable[Person]) -> list[Person]:
    """The same people, numbered from 1 by the middles of their boxes."""
    ordered = sorted(people, key=lambda person: person.box[0] + person.box[2])
    return [replace(person, number=n) for n, person in enumerate(ordered, start=1)]


def enlarged(person: Person, size: tuple[int, int]) -> Person:
    """A person found in a smaller picture of a photo of ``size`` (H, W)."""
    height, width = person.mask.shape
    if (height, width) == size:
        return person
    scale = (size[1] / width, size[0] / height) * 2
    box = tuple(round(v * s, 1) for v, s in zip(person.box, scale, strict=True))
    mask = cv2.resize(person.mask, size[::-1], interpolation=cv2.INTER_LINEAR).clip(0, 1)
    return replace(person, box=box, mask=mask)


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
