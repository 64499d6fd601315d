"""Finds people with YOLOv8-seg: the one adapter between ultralytics and the rest."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.detection.base import enlarged, left_to_right
from bgswap.detection.checkpoints import read_official, read_own
from bgswap.images import fit_within
from bgswap.types import Person

if TYPE_CHECKING:
    from torch import nn
    from ultralytics.engine.results import Results

# The network sees at most 640 pixels a side and draws masks on a quarter of that: beyond this size
# a photo only costs memory (four bytes a pixel and person inside ultralytics).
WORKING_PIXELS = 1_000_000
MOST_PEOPLE = 50


class YoloDetector:
    """A YOLOv8-seg model and how it is to be run. Safe to share between threads.

    Args:
        network: an ultralytics ``SegmentationModel`` whose class 0 is ``person``.
        imgsz: longer side in pixels that the network sees.
        threshold: least confidence of a candidate, in (0, 1).
        iou: overlap above which two boxes count as one person, in (0, 1).
        device: ``cpu``, ``cuda`` or ``mps``.
    """

    def __init__(
        self,
        network: "nn.Module",
        imgsz: int,
        threshold: float,
        iou: float,
        device: str = "cpu",
    ) -> None:
        self.threshold = threshold
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
    def load(cls, path: Path, threshold: float = 0.0, device: str = "cpu") -> "YoloDetector":
        """From an official ``.pt`` file, or from a folder with config.json and model.safetensors.

        Args:
            threshold: overrides the model's own where it is above 0.

        Raises:
            ModelUnavailable: what lies there does not fit a YOLOv8-seg model.
        """
        with restored_threads():
            network, config = read_official(path) if path.is_file() else read_own(path)
        return cls(
            network, config["imgsz"], threshold or config["threshold"], config["iou"], device
        )

    def detect(self, photo: np.ndarray) -> list[Person]:
        """The candidates in a photo, numbered from left to right; may be empty.

        Args:
            photo: (H, W, 3) uint8 RGB.

        Returns:
            One :class:`Person` each, with a mask at photo size, as rough as the network draws it.
        """
        small = fit_within(photo, pixels=WORKING_PIXELS)
        with self._lock, restored_threads():
            (result,) = self._predictor([np.ascontiguousarray(small[:, :, ::-1])])
        return [enlarged(person, photo.shape[:2]) for person in people_from(result)]


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
