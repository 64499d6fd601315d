"""Alpha by the matting network from a crop of a person, their rough mask and all others' masks.

The crop has about 100,000 pixels. The alpha is upsampled to the photo's resolution by a small
refiner and He and Sun's "Fast Guided Filter" (2015), see :mod:`bgswap.matting.detail`.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bgswap.mask_ops import GREY, Window, crop_window, paste_window, person_crop, window_around
from bgswap.matting.base import Calibration
from bgswap.matting.detail import DetailConfig, full_size
from bgswap.models import smoke
from bgswap.types import Box, Person, box_of

if TYPE_CHECKING:
    from torch import Tensor

    from bgswap.networks import MattingUNet


@dataclass(frozen=True)
class NetworkConfig:
    """How the matting network is run."""

    # Height and width of crops, pixels: for standing, sitting and lying people, as trained.
    sizes: tuple[tuple[int, int], ...] = ((384, 256), (320, 320), (256, 384))
    # Margin around a box, as a share of its sides; the mean of the margins in training.
    margin: float = 0.12
    # An alpha that touches a side of its window along more than this share of it is cut off there:
    # the box is widened on that side by a share of its longer side, at most so many times.
    cut_off: float = 0.08
    widened_by: float = 0.35
    widenings: int = 2
    # Crops in a batch: bounds the memory for any number of people.
    batch: int = 4
    # Passes for a person's alpha, at least 1: each is shown the result of the one before.
    passes: int = 2
    # How alphas are upsampled to the photo's resolution.
    detail: DetailConfig = field(default_factory=DetailConfig)


class NetworkMatter:
    """The matting network and its refiner as functions on arrays. Safe to share between threads.

    Args:
        network: trained.
        device: the torch device they run on.
        config: see :class:`NetworkConfig`.
        calibration: of these weights.
    """

    def __init__(
        self,
        network: "MattingUNet",
        device: str = "cpu",
        config: NetworkConfig | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        import torch

        self._network = network.eval().to(device).to(memory_format=torch.channels_last)
        self._device, self.config = device, config or NetworkConfig()
        self.calibration = calibration or Calibration()
        self._lock = threading.Lock()

    @classmethod
    def from_folder(cls, folder: str | Path, device: str = "cpu") -> "NetworkMatter":
        """The matter whose weights lie in a folder in Hub layout.

        Raises:
            OSError, RuntimeError: the folder holds no such weights, or they do not fit.
        """
        from bgswap.networks import MattingUNet
        from bgswap.networks.inference import fused

        if not Path(folder, "model.safetensors").is_file():
            raise FileNotFoundError(f"no model.safetensors in {folder}")
        network = MattingUNet.from_pretrained(str(folder), strict=True)
        return cls(fused(network), device, calibration=Calibration.read(Path(folder)))

    def check(self) -> None:
        """Smoke test of custom weights: score and matte a square in noise.

        Raises:
            Exception: the network does not run, an output is not finite, or the calibration is
                out of bounds.
        """
        photo, mask, chosen = smoke.noise(), smoke.square(), self.calibration
        if not (0 <= chosen.threshold <= 1 and 0 <= chosen.score_weight <= 1):
            raise ValueError("the calibration is out of bounds")
        somebody = Person(number=1, box=smoke.BOX, confidence=1, mask=mask)
        (found,) = self.alphas(photo, [somebody])
        if not (np.isfinite(found.confidence) and np.isfinite(found.mask).all()):
            raise ValueError("an alpha is not finite")
        if not np.isfinite(self.matte(photo, mask)).all():
            raise ValueError("a matte is not finite")

    def alphas(self, photo: np.ndarray, people: Sequence[Person]) -> list[Person]:
        """The people with their masks replaced by alphas and their confidences by scores.

        Args:
            photo: (H, W, 3) uint8 RGB.
            people: with rough masks; each one's box gives the crop.

        Returns:
            As many people, with the boxes of the new masks where these are not empty.
        """
        found = list(people)
        wanted = list(range(len(people)))
        for _ in range(1 + self.config.widenings):
            seen = zip(wanted, self._run(photo, found, wanted), strict=True)
            wider = []
            for i, (alpha, window, score) in seen:
                mask = paste_window(alpha, window, photo.shape[:2])
                box = box_of(mask) or found[i].box
                cut = self._cut_off(alpha, window, photo.shape[:2])
                if any(cut):
                    wider.append(i)
                    box = self._widened(box, cut)
                found[i] = replace(found[i], box=box, confidence=score, mask=mask)
            wanted = wider
            if not wanted:
                break
        return found

    def _cut_off(
        self, alpha: np.ndarray, window: Window, size: tuple[int, int]
    ) -> tuple[bool, bool, bool, bool]:
        """Whether an alpha is cut off at the left, top, right and lower side of its window."""
        x, y, width, height = window
        more = (x > 0, y > 0, x + width < size[1], y + height < size[0])
        sides = (alpha[:, :2], alpha[:2], alpha[:, -2:], alpha[-2:])
        long = [float((side > 0.5).mean()) > self.config.cut_off for side in sides]
        left, top, right, bottom = (a and b for a, b in zip(long, more, strict=True))
        return left, top, right, bottom

    def _widened(self, box: Box, sides: tuple[bool, bool, bool, bool]) -> Box:
        """A box widened on the given sides."""
        reach = self.config.widened_by * max(box[2] - box[0], box[3] - box[1])
        signs = (-1, -1, 1, 1)
        x0, y0, x1, y1 = (
            v + sign * reach * grows for v, sign, grows in zip(box, signs, sides, strict=True)
        )
        return x0, y0, x1, y1

    def everyone(self, photo: np.ndarray) -> np.ndarray:
        """The alpha of all people in a photo, (H, W) float32, by one pass over the whole photo."""
        height, width = photo.shape[:2]
        window, best = window_around((0, 0, width, height), 0.0, self.config.sizes)
        size = self.config.sizes[best]
        half, none = (np.full(size, value, np.float32) for value in (0.5, 0.0))
        alphas, _ = self._forward([(crop_window(photo, window, size, GREY), half, none)])
        return paste_window(alphas[0], window, (height, width))

    def matte(
        self, photo: np.ndarray, mask: np.ndarray, others: np.ndarray | None = None
    ) -> np.ndarray:
        """One person's alpha at the photo's resolution.

        Args:
            photo: (H, W, 3) uint8 RGB.
            mask: (H, W) float32 in [0, 1], the person's mask or alpha.
            others: (H, W) float32 in [0, 1], the union of all others' masks.

        Returns:
            (H, W) float32 in [0, 1], multiples of 1/255.

        Raises:
            ValueError: the shapes do not fit.
        """
        if photo.shape[:2] != mask.shape or (others is not None and others.shape != mask.shape):
            raise ValueError(f"photo {photo.shape} and masks {mask.shape} differ in size")
        box = box_of(mask)
        if box is None:
            return np.zeros_like(mask)
        around = np.zeros_like(mask) if others is None else others
        crop, window = self._crop(photo, mask, around, box)
        for left in reversed(range(self.config.passes)):
            # The mean of the rough mask and the new alpha: better than either on held-out photos.
            alpha = (self._forward([crop])[0][0] + crop[1]) / 2
            if left:
                mask = paste_window(alpha, window, photo.shape[:2])
                # Where nobody is clear any more, the window stays.
                crop, window = self._crop(photo, mask, around, box_of(mask) or box)
        return full_size(self._refine, photo, alpha, window, self.config.detail)

    def _crop(
        self, photo: np.ndarray, mask: np.ndarray, others: np.ndarray, box: Box
    ) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], Window]:
        """Photo, rough mask and all others' masks in the window around a box, and the window."""
        window, best = window_around(box, self.config.margin, self.config.sizes)
        image, rough, around = (
            crop_window(layer, window, self.config.sizes[best], fill)
            for layer, fill in ((photo, GREY), (mask, 0), (others, 0))
        )
        return (image, rough, around), window

    def _run(
        self, photo: np.ndarray, people: Sequence[Person], wanted: Sequence[int]
    ) -> list[tuple[np.ndarray, Window, float]]:
        """For each selected person the alpha of their window, the window, and the score."""
        config, found = self.config, {}
        windows = [window_around(p.box, config.margin, config.sizes) for p in people]
        for shape, size in enumerate(config.sizes):
            chosen = [i for i in wanted if windows[i][1] == shape]
            for start in range(0, len(chosen), config.batch):
                part = chosen[start : start + config.batch]
                crops = [person_crop(photo, people, i, windows[i][0], size) for i in part]
                alphas, scores = self._forward(crops)
                for i, alpha, score in zip(part, alphas, scores, strict=True):
                    found[i] = (alpha, windows[i][0], float(score))
        return [found[i] for i in wanted]

    def _forward(
        self, crops: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Alphas (N, h, w) and scores (N,) of crops of one size."""
        import torch

        from bgswap.io.tensors import crops_to_tensor
        from bgswap.networks.inference import inference

        with self._lock, inference(self._device):
            batch = crops_to_tensor(*zip(*crops, strict=True)).to(
                self._device, memory_format=torch.channels_last
            )
            logits, scores = self._network(batch)
            return _probabilities(logits[:, 0]), _probabilities(scores)

    def _refine(self, images: Sequence[np.ndarray], alphas: Sequence[np.ndarray]) -> np.ndarray:
        """The refined alphas (N, h, w) of tiles: photos uint8, and alphas upsampled to them."""
        from bgswap.io.tensors import images_to_tensor, masks_to_tensor
        from bgswap.networks.inference import inference

        photos, masks = images_to_tensor(images) * 2 - 1, masks_to_tensor(alphas)
        with self._lock, inference(self._device):
            logits = self._network.refiner(photos.to(self._device), masks.to(self._device))
            return _probabilities(logits[:, 0])


def _probabilities(logits: "Tensor") -> np.ndarray:
    return logits.float().sigmoid().cpu().numpy()
