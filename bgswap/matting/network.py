"""Alpha by the matting network: a crop of each person, a rough mask, everybody else's mask.

The network sees about 100,000 pixels round a person. A small refiner then carries the alpha to
twice the resolution, as often as the photo has pixels for it; beyond that He and Sun's "Fast
Guided Filter" (2015) takes it to the photo's own pixels.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.mask_ops import GREY, Window, box_of, cut, inside, put_back, union, window_around
from bgswap.matting.upsampling import guided_upsampling
from bgswap.types import Person

if TYPE_CHECKING:
    from torch import Tensor

    from bgswap.networks import MattingUNet


@dataclass(frozen=True)
class NetworkConfig:
    """How the matting network is run."""

    # Height and width of crops, pixels: for standing, sitting and lying people, as trained.
    sizes: tuple[tuple[int, int], ...] = ((384, 256), (320, 320), (256, 384))
    # Shown around a box, as a share of its sides; the middle of what training showed.
    margin: float = 0.12
    # Crops at once: bounds memory however many people there are.
    batch: int = 4
    # Doublings of resolution by the refiner; more than two show no gain on the photos at hand.
    octaves: int = 2
    # Side of the refiner's tiles and what is seen around them, pixels.
    tile: int = 96
    context: int = 16
    # Alpha nearer to 0 or 1 than this is 0 or 1: a network is never quite sure.
    snap: float = 0.03


@dataclass(frozen=True)
class Calibration:
    """What was chosen for one set of weights; ``calibration.json`` beside them holds it.

    Attributes:
        threshold: least confidence of a person, in [0, 1].
        score_weight: the network's share in that confidence, next to the detector's.
    """

    threshold: float = 0.4
    score_weight: float = 0.5

    @classmethod
    def read(cls, folder: Path) -> "Calibration":
        """The calibration of the weights in a folder; the default where there is none."""
        path = folder / "calibration.json"
        return cls(**json.loads(path.read_text())) if path.is_file() else cls()


class NetworkMatter:
    """The matting network and its refiner as functions on arrays. Safe to share between threads.

    Args:
        network: trained.
        device: where they run, as torch names it.
        config: how they are run.
        calibration: what was chosen for these weights.
    """

    def __init__(
        self,
        network: "MattingUNet",
        device: str = "cpu",
        config: NetworkConfig | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        import torch

        self._network = network.eval().to(device, memory_format=torch.channels_last)
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

        if not Path(folder, "model.safetensors").is_file():
            raise FileNotFoundError(f"no model.safetensors in {folder}")
        network = MattingUNet.from_pretrained(str(folder), strict=True)
        return cls(network, device, calibration=Calibration.read(Path(folder)))

    def alphas(self, photo: np.ndarray, people: Sequence[Person]) -> list[Person]:
        """The people with alphas for masks, and with the network's confidence that each is there.

        Args:
            photo: (H, W, 3) uint8 RGB.
            people: with rough masks; each one's box says where to look.

        Returns:
            As many people, their boxes those of the new masks where anything is left of them.
        """
        size = photo.shape[:2]
        found = []
        for person, (alpha, window, score) in zip(people, self._run(photo, people), strict=True):
            mask = put_back(alpha, window, size)
            box = box_of(mask) or person.box
            found.append(replace(person, box=box, confidence=score, mask=mask))
        return found

    def everyone(self, photo: np.ndarray) -> np.ndarray:
        """The alpha of everybody in a photo together, (H, W) float32, by one look at the whole."""
        height, width = photo.shape[:2]
        window, best = window_around((0, 0, width, height), 0.0, self.config.sizes)
        size = self.config.sizes[best]
        half, none = (np.full(size, value, np.float32) for value in (0.5, 0.0))
        alphas, _ = self._answers([(cut(photo, window, size, GREY), half, none)])
        return put_back(alphas[0], window, (height, width))

    def matte(
        self, photo: np.ndarray, mask: np.ndarray, others: np.ndarray | None = None
    ) -> np.ndarray:
        """One person's alpha at the photo's resolution.

        Args:
            photo: (H, W, 3) uint8 RGB.
            mask: (H, W) float32 in [0, 1], the person's mask or alpha.
            others: (H, W) float32 in [0, 1], of everybody else.

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
        window, best = window_around(box, self.config.margin, self.config.sizes)
        size = self.config.sizes[best]
        around = np.zeros_like(mask) if others is None else others
        crop = (
            cut(photo, window, size, GREY),
            cut(mask, window, size, 0),
            cut(around, window, size, 0),
        )
        alphas, _ = self._answers([crop])
        return self._full_size(photo, alphas[0], window)

    def _run(
        self, photo: np.ndarray, people: Sequence[Person]
    ) -> list[tuple[np.ndarray, Window, float]]:
        """For each person the alpha of their window, the window, and how sure the network is."""
        config, found = self.config, {}
        windows = [window_around(p.box, config.margin, config.sizes) for p in people]
        for shape, size in enumerate(config.sizes):
            chosen = [i for i, (_, best) in enumerate(windows) if best == shape]
            for start in range(0, len(chosen), config.batch):
                part = chosen[start : start + config.batch]
                crops = [self._crop(photo, people, i, windows[i][0], size) for i in part]
                alphas, scores = self._answers(crops)
                for i, alpha, score in zip(part, alphas, scores, strict=True):
                    found[i] = (alpha, windows[i][0], float(score))
        return [found[i] for i in range(len(people))]

    @staticmethod
    def _crop(
        photo: np.ndarray,
        people: Sequence[Person],
        number: int,
        window: Window,
        size: tuple[int, int],
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Photo, rough mask and everybody else's mask of one person's window."""
        others = union((p for i, p in enumerate(people) if i != number), photo.shape[:2])
        layers = ((photo, GREY), (people[number].mask, 0), (others, 0))
        image, rough, rest = (cut(layer, window, size, fill) for layer, fill in layers)
        return image, rough, rest

    def _answers(
        self, crops: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Alphas (N, h, w) and scores (N,) of crops of one size."""
        import torch

        from bgswap.tensors import crops_to_tensor

        with self._lock, torch.inference_mode():
            batch = crops_to_tensor(*zip(*crops, strict=True)).to(
                self._device, memory_format=torch.channels_last
            )
            logits, scores = self._network(batch)
            return _array(torch.sigmoid(logits[:, 0])), _array(torch.sigmoid(scores))

    def _full_size(self, photo: np.ndarray, alpha: np.ndarray, window: Window) -> np.ndarray:
        """The alpha of a window at the photo's resolution, (H, W)."""
        config = self.config
        x, y, width, height = window
        for _ in range(config.octaves):
            if alpha.shape[0] >= height:
                break
            size = min(2 * alpha.shape[0], height), min(2 * alpha.shape[1], width)
            alpha = self._refined(cut(photo, window, size, GREY), alpha)
        alpha = ((alpha - config.snap) / (1 - 2 * config.snap)).clip(0, 1)
        rows, columns = inside(window, photo.shape)
        whole = np.zeros(photo.shape[:2], np.float32)
        if alpha.shape[0] >= height:
            return np.rint(put_back(alpha, window, whole.shape) * 255) / np.float32(255)
        part = guided_upsampling(
            cut(photo, window, (height, width), GREY), cut(photo, window, alpha.shape, GREY), alpha
        )
        whole[rows, columns] = part[
            rows.start - y : rows.stop - y, columns.start - x : columns.stop - x
        ]
        return np.rint(whole * 255) / np.float32(255)

    def _refined(self, photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        """An alpha enlarged to the size of a photo (h, w, 3), refined where it is soft."""
        import torch

        from bgswap.tensors import images_to_tensor, masks_to_tensor

        config = self.config
        large = cv2.resize(alpha, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        corners = soft_tiles(large, config.tile)
        edge, side = config.context, config.tile + 2 * config.context
        padded = cv2.copyMakeBorder(photo, edge, side, edge, side, cv2.BORDER_REFLECT_101)
        padded_alpha = cv2.copyMakeBorder(large, edge, side, edge, side, cv2.BORDER_REPLICATE)
        result = large.copy()
        for start in range(0, len(corners), 16):
            part = corners[start : start + 16]
            views = [np.s_[row : row + side, column : column + side] for row, column in part]
            images = images_to_tensor([padded[view] for view in views]) * 2 - 1
            masks = masks_to_tensor([padded_alpha[view] for view in views])
            with self._lock, torch.inference_mode():
                logits = self._network.refiner(images.to(self._device), masks.to(self._device))
                tiles = _array(torch.sigmoid(logits[:, 0]))
            for (row, column), tile in zip(part, tiles, strict=True):
                target = result[row : row + config.tile, column : column + config.tile]
                target[:] = tile[edge : edge + target.shape[0], edge : edge + target.shape[1]]
        return result


def soft_tiles(alpha: np.ndarray, tile: int) -> list[tuple[int, int]]:
    """Row and column of the tiles of an alpha (h, w) in which anything is soft or an edge."""
    low, high = cv2.erode(alpha, np.ones((5, 5))), cv2.dilate(alpha, np.ones((5, 5)))
    soft = (high - low > 0.1) | ((alpha > 0.04) & (alpha < 0.96))
    corners = (
        (r, c) for r in range(0, alpha.shape[0], tile) for c in range(0, alpha.shape[1], tile)
    )
    return [(r, c) for r, c in corners if soft[r : r + tile, c : c + tile].any()]


def _array(values: "Tensor") -> np.ndarray:
    return values.float().cpu().numpy()
