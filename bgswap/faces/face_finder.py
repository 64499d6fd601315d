"""Detection of a person's face by CenterFace, inside the person's mask only."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.faces.base import FaceBox
from bgswap.faces.windows import fill_outside_person, interior_weight
from bgswap.io.images import resize

if TYPE_CHECKING:
    from bgswap.networks import CenterFace


@dataclass(frozen=True)
class FaceFinderConfig:
    """How a face is searched; chosen on the part "choice" of benchmarks/face_boxes.jsonl."""

    # Area in pixels that the searched part of a person is scaled to, and its greatest enlargement:
    # 50,000 pixels and more take longer and miss more degraded faces.
    area: int = 25_000
    most_enlarged: float = 3.0
    # Minimum score of a face: at 0.35 up to 3 % of people have a false positive, at 0.5 noisy faces
    # are missed.
    threshold: float = 0.42
    # Candidates that are considered, by falling score.
    candidates: int = 20
    # Share of a box that the person must cover.
    least_covered: float = 0.6
    # Height in pixels of the smallest face; boxes below it are mostly false positives.
    smallest_face: int = 12
    # Width in pixels of the mask's soft edge, where the background shows through; 2 pixels cut so
    # much from profiles of 30 pixels that noisy ones are missed.
    edge: int = 1
    # Smallest part of a person that is searched, pixels.
    smallest_part: int = 8


CONFIG = FaceFinderConfig()


class CenterFaceFinder:
    """Detects the face of one person at a time.

    Args:
        network: used in eval mode.
        device: the torch device it runs on.
    """

    def __init__(self, network: "CenterFace", device: str = "cpu") -> None:
        self.device = device
        self.network = network.to(device).eval()

    @classmethod
    def from_folder(cls, folder: str | Path, device: str = "cpu") -> "CenterFaceFinder":
        """Load the network from a folder in Hub layout.

        Raises:
            OSError, RuntimeError, ValueError: the folder holds no such weights, or they do not fit.
        """
        from bgswap.networks import CenterFace

        return cls(CenterFace.from_pretrained(str(folder), strict=True), device)

    def check(self) -> None:
        """Smoke test of custom weights: search noise.

        Raises:
            Exception: the network does not run, or its output is not finite.
        """
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        if not all(np.isfinite(part).all() for part in self._maps(noise)):
            raise ValueError("the maps of a picture are not finite")

    def find(self, image: np.ndarray, mask: np.ndarray) -> FaceBox | None:
        """The face of one person: the box with the highest score that the person covers.

        Args:
            image: (H, W, 3) uint8 RGB.
            mask: of the person, (H, W) float32 in [0, 1]; pixels outside it have no effect.

        Returns:
            None where no face was detected.
        """
        x, y, width, height = cv2.boundingRect((mask > 0.5).view(np.uint8))
        # The upper part of the person; in a portrait the face may reach the lower border.
        height = min(height, round(max(0.6 * height, 1.2 * width)))
        if min(width, height) < CONFIG.smallest_part:
            return None
        zone = (slice(y, y + height), slice(x, x + width))
        scale = min(math.sqrt(CONFIG.area / (width * height)), CONFIG.most_enlarged)
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        person = fill_outside_person(image[zone], interior_weight(mask[zone], CONFIG.edge))
        for left, top, wide, high in boxes_by_score(*self._maps(resize(person, size))):
            box = FaceBox(x + left / scale, y + top / scale, wide / scale, high / scale)
            if high / scale >= CONFIG.smallest_face and _covered(mask, box):
                return box
        return None

    def _maps(self, picture: np.ndarray) -> list[np.ndarray]:
        """Scores, sizes and offsets of a picture (H, W, 3) uint8 RGB, without the batch axis."""
        import torch

        from bgswap.io.tensors import images_to_tensor
        from bgswap.networks.center_face import COARSEST

        height, width = picture.shape[:2]
        padded = cv2.copyMakeBorder(
            picture,
            *(0, -height % COARSEST, 0, -width % COARSEST),
            cv2.BORDER_CONSTANT,
            value=picture.mean((0, 1)).tolist(),
        )
        with torch.inference_mode():
            maps = self.network(images_to_tensor([padded]).to(self.device))
        return [part[0].float().cpu().numpy() for part in maps]


def boxes_by_score(scores: np.ndarray, sizes: np.ndarray, offsets: np.ndarray) -> list[FaceBox]:
    """The boxes above the threshold by falling score, in pixels of the network's input.

    Args:
        scores: (h, w) in [0, 1].
        sizes, offsets: (2, h, w), see :class:`bgswap.networks.center_face.FaceMaps`.
    """
    from bgswap.networks.center_face import CELL

    best = np.argsort(scores, axis=None)[::-1][: CONFIG.candidates]
    boxes = []
    for row, column in zip(*np.unravel_index(best, scores.shape), strict=True):
        if scores[row, column] < CONFIG.threshold:
            break
        high, wide = sizes[:, row, column].tolist()
        down, right = offsets[:, row, column].tolist()
        center_x, center_y = (column + right + 0.5) * CELL, (row + down + 0.5) * CELL
        boxes.append(FaceBox(center_x - wide / 2, center_y - high / 2, wide, high))
    return boxes


def _covered(mask: np.ndarray, box: FaceBox) -> bool:
    """Whether the person covers enough of a box."""
    left, top = max(round(box.left), 0), max(round(box.top), 0)
    right, bottom = round(box.left + box.width), round(box.top + box.height)
    inside = mask[top:bottom, left:right]
    return inside.size > 0 and float(inside.mean()) > CONFIG.least_covered
