"""ViTMatte as a matter; its weights do not ship with the program.

Yao, Wang, Yang and Wang, "ViTMatte: Boosting Image Matting with Pre-trained Plain Vision
Transformers" (2023), by transformers' ``VitMatteForImageMatting``. The trimap is made from the
alpha of another matter.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bgswap.matting.base import ScoringMatter
from bgswap.models import smoke
from bgswap.models.pretrained import load_complete
from bgswap.tiling import tile_starts, tile_weights
from bgswap.types import Person, box_of

if TYPE_CHECKING:
    from transformers import VitMatteForImageMatting

View = tuple[slice, slice]


@dataclass(frozen=True)
class VitMatteConfig:
    """How ViTMatte is run."""

    # Maximum side of the network's input in pixels; the time of attention grows quadratically.
    side: int = 768
    # Pixels by which neighboring tiles overlap; their alphas are blended there.
    overlap: int = 96
    # Alpha within this distance of 0 or 1 is known in the trimap.
    known: float = 0.02
    # The unknown band is dilated by this share of the root of the mask's area, at least one pixel.
    band: float = 0.01


class VitMatteMatter:
    """A matter whose soft edges are computed by ViTMatte. Safe to share between threads.

    Args:
        network: ``VitMatteForImageMatting``.
        first: computes the alpha that the trimap is made from, and scores candidates.
        device: the torch device the network runs on.
        config: see :class:`VitMatteConfig`.
    """

    def __init__(
        self,
        network: "VitMatteForImageMatting",
        first: ScoringMatter,
        device: str = "cpu",
        config: VitMatteConfig | None = None,
    ) -> None:
        self._network = network.eval().to(device)
        self._first, self._device, self.config = first, device, config or VitMatteConfig()
        self.calibration = first.calibration
        self._lock = threading.Lock()

    @classmethod
    def from_folder(
        cls, folder: str | Path, first: ScoringMatter, device: str = "cpu"
    ) -> "VitMatteMatter":
        """The matter whose weights lie in a folder as ``save_pretrained`` writes it.

        Raises:
            OSError, RuntimeError, ValueError: it holds no such weights, or they do not fit.
        """
        from transformers import VitMatteForImageMatting

        return cls(load_complete(VitMatteForImageMatting, folder), first, device)

    def check(self) -> None:
        """Smoke test of the weights: matte a square in noise.

        Raises:
            Exception: the network does not run, or its output is not finite.
        """
        if not np.isfinite(self.matte(smoke.noise(), smoke.square())).all():
            raise ValueError("a matte is not finite")

    def alphas(self, photo: np.ndarray, people: Sequence[Person]) -> list[Person]:
        """The candidates as the first matter scores them."""
        return self._first.alphas(photo, people)

    def matte(
        self, photo: np.ndarray, mask: np.ndarray, others: np.ndarray | None = None
    ) -> np.ndarray:
        """One person's alpha, (H, W) float32 in [0, 1], multiples of 1/255.

        Args:
            photo: (H, W, 3) uint8 RGB.
            mask: (H, W) float32 in [0, 1].
            others: (H, W) float32 in [0, 1], the union of all others' masks: their alpha is 0.
        """
        alpha = self._first.matte(photo, mask, others)
        trimap = self._trimap(alpha)
        if others is not None:
            trimap[(others > 0.5) & (trimap == 0.5)] = 0
        unknown = trimap == 0.5
        if not unknown.any():
            return alpha
        total, weights = np.zeros_like(alpha), np.zeros_like(alpha)
        for view in self._views(unknown):
            part = self._run(photo[view], trimap[view])
            weight = tile_weights(part.shape, self.config.overlap)
            total[view] += weight * part
            weights[view] += weight
        alpha[unknown] = total[unknown] / weights[unknown]
        return np.rint(alpha.clip(0, 1) * 255) / np.float32(255)

    def _trimap(self, alpha: np.ndarray) -> np.ndarray:
        """(H, W) float32: 1 and 0 where the alpha is known, one half between."""
        known = self.config.known
        soft = ((alpha > known) & (alpha < 1 - known)).astype(np.uint8)
        edge: np.ndarray = cv2.morphologyEx(
            (alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))
        )
        radius = max(round(self.config.band * float(np.sqrt((alpha > 0.5).sum()))), 1)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        unknown = cv2.dilate(soft | edge, disc) > 0
        return np.where(unknown, np.float32(0.5), (alpha > 0.5).astype(np.float32))

    def _views(self, unknown: np.ndarray) -> Iterator[View]:
        """Rows and columns of tiles that cover everything unknown."""
        box = box_of(unknown.astype(np.float32)) or (0, 0, 0, 0)
        x0, y0, x1, y1 = (int(value) for value in box)
        side, overlap = self.config.side, self.config.overlap
        for top in tile_starts(y1 - y0, side, overlap):
            for left in tile_starts(x1 - x0, side, overlap):
                y, x = y0 + top, x0 + left
                view = np.s_[y : y + side, x : x + side]
                if unknown[view].any():
                    yield view

    def _run(self, photo: np.ndarray, trimap: np.ndarray) -> np.ndarray:
        import torch
        from transformers import VitMatteImageProcessor

        levels = (trimap * 255).round().astype(np.uint8)
        processor: Any = VitMatteImageProcessor()  # its base class declares no trimaps
        inputs = processor(images=photo, trimaps=levels, return_tensors="pt")
        with self._lock, torch.inference_mode():
            answer = self._network(inputs["pixel_values"].to(self._device)).alphas
        alpha: np.ndarray = answer[0, 0, : trimap.shape[0], : trimap.shape[1]].float().cpu().numpy()
        return alpha
