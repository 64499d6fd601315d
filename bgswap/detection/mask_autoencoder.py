"""Refines a detector's masks with the mask autoencoder, one square crop a person."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from bgswap.models import smoke
from bgswap.types import Box

if TYPE_CHECKING:
    from bgswap.networks import MaskAutoencoder

# Each side of a person's box grows by this share of its longer side before it is cut out.
MARGIN = 0.125
# How far the network must move a pixel, in [0, 1], before it is believed: below the first the
# mask stays as it was at full size, above the second the network's answer takes its place. Chosen
# by measurement on damaged masks of the training set: near its own pixels' size the network is
# less sure of an edge than the mask is.
DOUBT, BELIEF = 0.6, 0.9
# The network's answer is stretched by this about one half: what it fills becomes solid.
CONTRAST = 3.0
# Pieces apart from the largest one are a detector's slips below this share of its size: a hand
# seen behind somebody else is larger. What is fainter than the second ties no pieces together.
SPECK, FAINT = 0.02, 0.1


def square_of(box: Box) -> tuple[int, int, int]:
    """The square that is cut out for a box: ``(x, y, side)`` in whole pixels.

    It has the box's centre and its longer side with a margin; parts of it may lie outside the
    photo.

    Args:
        box: (x0, y0, x1, y1) in pixels.

    Raises:
        ValueError: the box is empty or not finite.
    """
    x0, y0, x1, y1 = box
    longer = max(x1 - x0, y1 - y0)
    if not np.isfinite(box).all() or min(x1 - x0, y1 - y0) <= 0:
        raise ValueError(f"expected a box (x0, y0, x1, y1) with an area, got {box}")
    side = max(1, round(longer * (1 + 2 * MARGIN)))
    return round((x0 + x1 - side) / 2), round((y0 + y1 - side) / 2), side


def square_crop(mask: np.ndarray, box: Box, side: int) -> np.ndarray:
    """Cut a person's square out of a mask and scale it.

    Args:
        mask: (H, W) float32 in [0, 1].
        box: (x0, y0, x1, y1) in pixels of the mask.
        side: of the result, in pixels.

    Returns:
        (side, side) float32 in [0, 1]; zero where the square lies outside the mask.

    Raises:
        ValueError: the box is empty or not finite.
    """
    x, y, length = square_of(box)
    rows, columns = _inside(mask.shape, x, y, length)
    part = mask[rows, columns]
    if part.shape != (length, length):
        top, left = rows.start - y, columns.start - x
        bottom, right = length - part.shape[0] - top, length - part.shape[1] - left
        part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0)
    way = cv2.INTER_AREA if length > side else cv2.INTER_LINEAR
    crop = cv2.resize(part, (side, side), interpolation=way)
    return np.clip(crop, 0, 1, out=crop)


def merge(mask: np.ndarray, seen: np.ndarray, refined: np.ndarray, box: Box) -> np.ndarray:
    """Put a refined crop back into its mask, keeping what the mask knew at full size.

    Where the network agrees with what it was shown, the mask stays as it was, with details finer
    than the network's own pixels; where it does not, its answer is scaled up and taken.

    Args:
        mask: (H, W) float32 in [0, 1].
        seen: (side, side) float32, the square crop that the network was shown.
        refined: (side, side) float32 in [0, 1], its answer.
        box: (x0, y0, x1, y1) in pixels, of the square crop.

    Returns:
        (H, W) float32 in [0, 1], a new array, equal to ``mask`` outside the square.

    Raises:
        ValueError: the box is empty or not finite.
    """
    x, y, length = square_of(box)
    rows, columns = _inside(mask.shape, x, y, length)
    change = cv2.dilate(np.abs(refined - seen), np.ones((3, 3), np.uint8))
    belief = np.clip((change - DOUBT) / (BELIEF - DOUBT), 0, 1)
    merged = mask.copy()
    if not belief.any() or rows.start >= rows.stop or columns.start >= columns.stop:
        return merged
    # One affine map scales up and cuts off what lies outside: pixel centres lie at one half.
    step = seen.shape[0] / length
    shift = (step - 1) / 2 + step * np.array([columns.start - x, rows.start - y])
    matrix = np.array([[step, 0, shift[0]], [0, step, shift[1]]])
    part = merged[rows, columns]
    size, flags = part.shape[::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP

    def full_size(small: np.ndarray) -> np.ndarray:
        return cv2.warpAffine(small, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)

    answer = full_size(np.clip((refined - 0.5) * CONTRAST + 0.5, 0, 1))
    answer -= part
    answer *= full_size(belief)
    part += answer
    np.clip(part, 0, 1, out=part)
    return merged


def without_specks(mask: np.ndarray) -> np.ndarray:
    """The mask without its small stray pieces.

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


def _inside(shape: tuple[int, ...], x: int, y: int, length: int) -> tuple[slice, slice]:
    """Rows and columns of a square that lie inside a picture."""
    top, left = min(max(y, 0), shape[0]), min(max(x, 0), shape[1])
    bottom, right = min(max(y + length, top), shape[0]), min(max(x + length, left), shape[1])
    return slice(top, bottom), slice(left, right)


class MaskRefiner:
    """The mask autoencoder as a function on masks. Safe to share between threads.

    Args:
        network: its ``side`` says how large the crops are that it works on.
        device: where it runs, as torch names it.
    """

    def __init__(self, network: "MaskAutoencoder", device: str = "cpu") -> None:
        self._network = network.eval().to(device)
        self._device = device
        self._lock = threading.Lock()

    @classmethod
    def from_folder(cls, folder: str | Path, device: str = "cpu") -> "MaskRefiner":
        """The refiner with the weights of a folder in Hub layout (config.json, model.safetensors).

        Raises:
            OSError, RuntimeError: the folder holds no such weights, or they do not fit.
        """
        from bgswap.networks import MaskAutoencoder

        if not Path(folder, "model.safetensors").is_file():
            raise FileNotFoundError(f"no model.safetensors in {folder}")
        return cls(MaskAutoencoder.from_pretrained(str(folder), strict=True), device)

    def check(self) -> None:
        """Refine a square, in which there is nothing to mend, before weights of one's own serve.

        Raises:
            Exception: the network does not run, its answer is no mask, or less than half of it.
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
        merged = (merge(*each) for each in zip(masks, crops, answers, boxes, strict=True))
        return [without_specks(mask) for mask in merged]

    def _run(self, crops: list[np.ndarray]) -> list[np.ndarray]:
        """The mean of the network's answers to crops (side, side), in one batch.

        To them and their mirror images, and to those answers in turn: a second pass mends more
        and keeps less.
        """
        import torch

        from bgswap.io.tensors import masks_to_tensor, tensor_to_masks

        with self._lock, torch.inference_mode():
            batch = masks_to_tensor(crops).to(self._device)
            once = self._network(torch.cat([batch, batch.flip(-1)]))
            straight, mirrored = ((once + self._network(once)) / 2).chunk(2)
            return tensor_to_masks((straight + mirrored.flip(-1)) / 2)
