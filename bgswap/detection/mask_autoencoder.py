"""Refines a detector's masks with the mask autoencoder, one square crop a person."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.detection.mask_squares import RefinerConfig, merge, square_crop
from bgswap.models import smoke
from bgswap.types import Box

if TYPE_CHECKING:
    from bgswap.networks import MaskAutoencoder

# Connected components below this share of the largest one are false positives: a hand visible
# behind another person is larger. Pixels below the second do not connect components.
SPECK, FAINT = 0.02, 0.1


def without_specks(mask: np.ndarray) -> np.ndarray:
    """The mask without its small connected components.

    Args:
        mask: (H, W) float32 in [0, 1].

    Returns:
        (H, W) float32; the mask itself where there is nothing to remove.
    """
    seen = (mask > FAINT).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(seen)
    if not width:
        return mask
    part = np.s_[y : y + height, x : x + width]
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(seen[part], connectivity=8)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    small = np.flatnonzero(sizes < SPECK * sizes.max()) + 1
    if not small.size:
        return mask
    cleaned = mask.copy()
    cleaned[part][np.isin(pieces, small)] = 0
    return cleaned


class MaskRefiner:
    """The mask autoencoder as a function on masks. Safe to share between threads.

    Args:
        network: its ``side`` is the side of its input in pixels.
        device: the torch device it runs on.
        config: how its output is merged into the mask.
    """

    def __init__(
        self,
        network: "MaskAutoencoder",
        device: str = "cpu",
        config: RefinerConfig | None = None,
    ) -> None:
        self._network = network.eval().to(device)
        self._device, self.config = device, config or RefinerConfig()
        self._lock = threading.Lock()

    @classmethod
    def from_folder(cls, folder: str | Path, device: str = "cpu") -> "MaskRefiner":
        """The refiner with the weights of a folder in Hub layout (config.json, model.safetensors).

        Raises:
            OSError, RuntimeError: the folder holds no such weights, or they do not fit.
            TypeError, ValueError: the calibration.json beside them is not one.
        """
        from bgswap.networks import MaskAutoencoder

        if not Path(folder, "model.safetensors").is_file():
            raise FileNotFoundError(f"no model.safetensors in {folder}")
        network = MaskAutoencoder.from_pretrained(str(folder), strict=True)
        return cls(network, device, RefinerConfig.read(Path(folder)))

    def check(self) -> None:
        """Smoke test of custom weights: refine the mask of a square, which needs no refinement.

        Raises:
            Exception: the network does not run, its output is not finite, or its IoU with the
                square is below one half.
        """
        mask = smoke.square()
        (refined,) = self.refine([mask], [smoke.BOX])
        if refined.shape != mask.shape or not np.isfinite(refined).all():
            raise ValueError("a refined mask is not finite")
        if np.minimum(mask, refined).sum() < 0.5 * np.maximum(mask, refined).sum():
            raise ValueError("a refined square is another shape")

    def refine(self, masks: Sequence[np.ndarray], boxes: Sequence[Box]) -> list[np.ndarray]:
        """Clean masks: holes and bites filled, islands and specks removed, edges smoothed.

        Args:
            masks: one (H, W) float32 in [0, 1] at photo size for each person.
            boxes: (x0, y0, x1, y1) in pixels of the photo, one for each person.

        Returns:
            As many new masks (H, W) float32 in [0, 1]. Outside a person's box, grown to a square
            with a margin of an eighth, only specks are removed.

        Raises:
            ValueError: a box for each mask is missing, a mask is none, or a box is empty.
        """
        if len(masks) != len(boxes):
            raise ValueError(f"expected a box for each mask, got {len(boxes)} for {len(masks)}")
        for mask in masks:
            if mask.ndim != 2 or mask.dtype != np.float32:
                raise ValueError(f"expected masks (H, W) float32, got {mask.shape} {mask.dtype}")
        if not masks:
            return []
        side = self._network.side
        crops = [square_crop(m, b, side) for m, b in zip(masks, boxes, strict=True)]
        answers = self._run(crops)
        each = zip(masks, crops, answers, boxes, strict=True)
        merged = (merge(*parts, self.config) for parts in each)
        return [without_specks(mask) for mask in merged]

    def _run(self, crops: list[np.ndarray]) -> list[np.ndarray]:
        """The mean of the network's outputs for crops (side, side), in one batch.

        Test-time augmentation by mirroring, each with a second pass on the output of the first: a
        second pass repairs more and preserves less.
        """
        import torch

        from bgswap.io.tensors import masks_to_tensor, tensor_to_masks

        with self._lock, torch.inference_mode():
            batch = masks_to_tensor(crops).to(self._device)
            once = self._network(torch.cat([batch, batch.flip(-1)]))
            straight, mirrored = ((once + self._network(once)) / 2).chunk(2)
            return tensor_to_masks((straight + mirrored.flip(-1)) / 2)
