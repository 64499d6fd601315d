"""What is at a point of a photo, person or not, by Segment Anything 2; its weights do not ship.

Ravi and others, "SAM 2: Segment Anything in Images and Videos" (2024), by transformers'
``Sam2Model``.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.models import smoke
from bgswap.models.pretrained import load_complete
from bgswap.types import Person, box_of

if TYPE_CHECKING:
    from transformers import Sam2Model

# Mean and standard deviation of ImageNet's RGB in [0, 1], as Segment Anything was trained.
MEAN = np.array((0.485, 0.456, 0.406), np.float32)
DEVIATION = np.array((0.229, 0.224, 0.225), np.float32)


@dataclass(frozen=True)
class SegmenterConfig:
    """Which of the masks that the network proposes are of use."""

    # Least IoU with the true mask that the network predicts for its own.
    score: float = 0.5
    # Least and largest share of the photo: less is a speck, more the background.
    least: float = 0.0005
    most: float = 0.7


class Segmenter:
    """Segments what is at a point. Safe to share between threads.

    Args:
        network: ``Sam2Model``.
        device: the torch device it runs on.
        config: see :class:`SegmenterConfig`.
    """

    def __init__(
        self, network: "Sam2Model", device: str = "cpu", config: SegmenterConfig | None = None
    ) -> None:
        self._network = network.eval().to(device)
        self._device, self.config = device, config or SegmenterConfig()
        self._lock = threading.Lock()

    @classmethod
    def from_folder(cls, folder: str | Path, device: str = "cpu") -> "Segmenter":
        """The network whose weights lie in a folder as ``save_pretrained`` writes it.

        Raises:
            OSError, RuntimeError, ValueError: it holds no such weights, or they do not fit.
        """
        from transformers import Sam2Model

        return cls(load_complete(Sam2Model, folder), device)

    def check(self) -> None:
        """Smoke test of the weights: segment noise.

        Raises:
            Exception: the network does not run, or its output is not finite.
        """
        logits, scores = self._run(smoke.noise(), (smoke.SIDE / 2, smoke.SIDE / 2))
        if not (np.isfinite(logits).all() and np.isfinite(scores).all()):
            raise ValueError("a mask is not finite")

    def segment(self, photo: np.ndarray, point: tuple[float, float]) -> Person | None:
        """What is at a point.

        Args:
            photo: (H, W, 3) uint8 RGB.
            point: x and y in pixels of the photo.

        Returns:
            A :class:`Person` with number 0, a mask at photo size in [0, 1], and the predicted IoU
            as confidence: the likeliest mask that holds the point and is neither a speck nor the
            background. None where no proposed mask is.
        """
        height, width = photo.shape[:2]
        for logits, score in sorted(
            zip(*self._run(photo, point), strict=True), key=lambda m: -m[1]
        ):
            large = cv2.resize(logits, (width, height), interpolation=cv2.INTER_LINEAR)
            mask = 1 / (1 + np.exp(-large.clip(-30, 30)))
            share = float((mask > 0.5).mean())
            usable = score >= self.config.score and self.config.least <= share <= self.config.most
            box = box_of(mask)
            if usable and box and mask[int(point[1]), int(point[0])] > 0.5:
                return Person(0, box, min(float(score), 1.0), mask)
        return None

    def _run(self, photo: np.ndarray, point: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """Mask logits (N, h, w) float32 of the whole photo, and N predicted IoUs."""
        import torch

        side = int(self._network.config.prompt_encoder_config.image_size)
        small = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
        normal = (small.astype(np.float32) / 255 - MEAN) / DEVIATION
        pixels = torch.from_numpy(normal.transpose(2, 0, 1)[None])
        x, y = point[0] * side / photo.shape[1], point[1] * side / photo.shape[0]
        with self._lock, torch.inference_mode():
            answer = self._network(
                pixel_values=pixels.to(self._device),
                input_points=torch.tensor([[[[x, y]]]], device=self._device),
                input_labels=torch.ones((1, 1, 1), dtype=torch.long, device=self._device),
                multimask_output=True,
            )
        masks, scores = answer.pred_masks[0, 0], answer.iou_scores[0, 0]
        return masks.float().cpu().numpy(), scores.float().cpu().numpy()
