"""A second pass over a scene at twice its size, for details that an enlargement lacks.

The pipeline repaints overlapping tiles from a share of the noise, everywhere but on the people.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from bgswap.backgrounds.diffusion.canvas import Canvas, crop, fit_canvas, place, repaint_mask
from bgswap.mask_ops import round_to_uint8
from bgswap.tiling import tile_starts, tile_weights

# A tile (h, w, 3) uint8 RGB and its mask (h, w) float32, its number and the number of tiles, to the
# repainted tile; None where the safety checker refuses it.
Repaint = Callable[[np.ndarray, np.ndarray, int, int], np.ndarray | None]
View = tuple[slice, slice]


@dataclass(frozen=True)
class SecondPassConfig:
    """Numbers of the second pass."""

    # Of both sides of the scene.
    factor: int = 2
    # Share of the noise that is added, and of the steps that are made: below 0.3 little changes,
    # above 0.4 each tile becomes a scene of its own.
    strength: float = 0.35
    # Steps at least, so that a model of few steps makes more than one.
    least_steps: int = 2
    # Minimum overlap of neighboring tiles, as a share of the model's side. A tile is longer than
    # this side by half of it, so that two tiles cover twice the side.
    overlap: float = 0.125
    # Least pixels of a photo, as a multiple of the model's: with fewer nothing is gained.
    gain: float = 1.5


CONFIG = SecondPassConfig()


def is_worth_it(photo: np.ndarray, side: int, config: SecondPassConfig = CONFIG) -> bool:
    """Whether a photo (H, W, 3) has more pixels than the model, of ``side`` pixels, paints."""
    return photo.shape[0] * photo.shape[1] >= config.gain * side**2


def arguments(call: Mapping[str, Any], config: SecondPassConfig = CONFIG) -> dict[str, Any]:
    """The arguments of a pipeline for the second pass, from those for the first one."""
    steps = max(call["num_inference_steps"], ceil(config.least_steps / config.strength))
    return {**call, "strength": config.strength, "num_inference_steps": steps}


class SecondPass:
    """The enlarged scene behind the people, and its tiles.

    Args:
        photo: (H, W, 3) uint8 RGB.
        alpha: (H, W) float32 in [0, 1], 1 where the people are who stay.
        scene: (h, w, 3) uint8 RGB, the photo's part of what the first pass painted.
        side: the model's own resolution, in pixels.
        multiple: what both sides of the pipeline's picture must be multiples of.
    """

    def __init__(
        self,
        photo: np.ndarray,
        alpha: np.ndarray,
        scene: np.ndarray,
        side: int,
        multiple: int,
        config: SecondPassConfig = CONFIG,
    ) -> None:
        self.config, self._side, self._multiple = config, side, multiple
        large = config.factor * side
        self._canvas: Canvas = fit_canvas(photo.shape[0], photo.shape[1], large, multiple)
        placed = place(alpha, self._canvas)
        kept, behind = placed[..., None], place(scene, self._canvas)
        self._picture = round_to_uint8(place(photo, self._canvas) * kept + behind * (1 - kept))
        self._mask = repaint_mask(placed, large)

    def run(self, repaint: Repaint) -> tuple[np.ndarray, int]:
        """Repaint all tiles with background.

        Returns:
            The scene, about (factor · h, factor · w, 3) uint8 RGB, and the number of refused tiles,
            which are only enlarged.
        """
        shape, refused = self._picture.shape, 0
        total, weights = np.zeros(shape, np.float32), np.zeros((*shape[:2], 1), np.float32)
        views = list(self._tiles())
        overlap = self.config.overlap * self._side
        for number, view in enumerate(views):
            part, mask = (
                np.ascontiguousarray(layer[view]) for layer in (self._picture, self._mask)
            )
            if mask.any():
                painted = repaint(part, mask, number, len(views))
                refused += painted is None
                part = part if painted is None else painted
            weight = tile_weights(part.shape, overlap)[..., None]
            total[view] += weight * part
            weights[view] += weight
        return crop(round_to_uint8(total / weights), self._canvas), refused

    def _tiles(self) -> Iterator[View]:
        """Rows and columns of overlapping tiles, whose sides are multiples."""
        overlap = self.config.overlap * self._side
        tile = ceil((self._side + overlap / 2) / self._multiple) * self._multiple
        height, width = self._mask.shape
        for top in tile_starts(height, tile, overlap):
            for left in tile_starts(width, tile, overlap):
                yield slice(top, min(top + tile, height)), slice(left, min(left + tile, width))
