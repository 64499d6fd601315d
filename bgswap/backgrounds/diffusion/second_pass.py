"""A second pass over a painted canvas at twice its size: details that the enlargement lacks.

The pipeline itself repaints overlapping tiles from a part of the noise, outside of the people.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

import cv2
import numpy as np
import torch

from bgswap.backgrounds.diffusion import Pipeline
from bgswap.backgrounds.diffusion.canvas import Canvas
from bgswap.io.tensors import images_to_tensor, masks_to_tensor, tensor_to_images


@dataclass(frozen=True)
class SecondPassConfig:
    """Numbers of the second pass.

    Attributes:
        factor: of both sides of the canvas.
        strength: share of the noise that is added, and of the steps that are made: below 0.3
            little changes, above 0.4 each tile becomes a scene of its own.
        overlap: of neighboring tiles, as a share of their side; blended linearly.
        gain: the photo has at least this many times the canvas' pixels, else nothing is gained.
    """

    factor: int = 2
    strength: float = 0.35
    overlap: float = 0.125
    gain: float = 1.5


CONFIG = SecondPassConfig()


def is_worth_it(photo: np.ndarray, canvas: Canvas) -> bool:
    """Whether a photo (H, W, 3) has more pixels than the model paints."""
    return photo.shape[0] * photo.shape[1] >= CONFIG.gain * canvas.height * canvas.width


def second_pass(
    pipe: Pipeline, painted: np.ndarray, call: dict[str, Any], seed: int, tile: int, multiple: int
) -> np.ndarray:
    """A painted canvas at twice its size, its background repainted in tiles.

    Args:
        pipe: an inpainting pipeline.
        painted: (h, w, 3) uint8 RGB, the canvas after the first pass.
        call: the arguments of the first pass.
        seed: of the noise.
        tile: side of the tiles in pixels, the model's own resolution.
        multiple: what the sides of the tiles must be multiples of.

    Returns:
        (2 h, 2 w, 3) uint8 RGB; where the model's own checker refuses a tile, it is enlarged.
    """
    size = (painted.shape[1] * CONFIG.factor, painted.shape[0] * CONFIG.factor)
    large = cv2.resize(painted, size, interpolation=cv2.INTER_LANCZOS4)
    mask = call["mask_image"][0, 0].float().cpu().numpy()
    mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    # At least one step has to remain of a few.
    steps = max(call["num_inference_steps"], ceil(1 / CONFIG.strength))
    changed = call | {"strength": CONFIG.strength, "num_inference_steps": steps}
    total = np.zeros(large.shape, np.float32)
    weights = np.zeros((*large.shape[:2], 1), np.float32)
    for rows, columns in _tiles(large.shape, tile, multiple):
        part, part_mask = large[rows, columns], np.ascontiguousarray(mask[rows, columns])
        if part_mask.any():
            part = _repainted(pipe, part, part_mask, changed, seed)
        weight = _weight(part.shape)
        total[rows, columns] += weight * part
        weights[rows, columns] += weight
    blended = (total / weights).round().astype(np.uint8)
    return np.where(mask[..., None] > 0.5, blended, large)


def _repainted(
    pipe: Pipeline, part: np.ndarray, mask: np.ndarray, call: dict[str, Any], seed: int
) -> np.ndarray:
    given = {
        "image": images_to_tensor([np.ascontiguousarray(part)]),
        "mask_image": masks_to_tensor([mask]),
        "height": part.shape[0],
        "width": part.shape[1],
    }
    generator = torch.Generator().manual_seed(seed)
    output = pipe(**call | given, generator=generator, output_type="pt")
    refused = any(getattr(output, "nsfw_content_detected", None) or [])
    if refused or not torch.isfinite(output.images).all():
        return part
    return tensor_to_images(output.images)[0]


def _tiles(shape: tuple[int, ...], side: int, multiple: int) -> Iterator[tuple[slice, slice]]:
    """Overlapping tiles that cover a picture; their sides are multiples."""
    side = max(side // multiple, 1) * multiple
    for top in _starts(shape[0], side, multiple):
        for left in _starts(shape[1], side, multiple):
            bottom, right = min(top + side, shape[0]), min(left + side, shape[1])
            yield slice(top, bottom), slice(left, right)


def _starts(length: int, side: int, multiple: int) -> list[int]:
    if length <= side:
        return [0]
    count = ceil((length - side) / (side * (1 - CONFIG.overlap))) + 1
    last = length - side
    return sorted({round(last * i / (count - 1) / multiple) * multiple for i in range(count)})


def _weight(shape: tuple[int, ...]) -> np.ndarray:
    """A weight that falls to the borders of a tile, (h, w, 1) float32."""
    ramps = []
    for length in shape[:2]:
        distance = np.minimum(np.arange(length), np.arange(length)[::-1]) + 1
        ramps.append(np.minimum(distance / max(CONFIG.overlap * length, 1), 1.0))
    return (ramps[0][:, None] * ramps[1][None, :])[..., None].astype(np.float32)
