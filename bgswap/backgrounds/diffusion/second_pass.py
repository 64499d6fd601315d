"""A second pass over a scene at up to twice its size, for details that an enlargement lacks.

The pipeline repaints overlapping tiles in the last of its steps, everywhere but on the people.
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

    # Maximum enlargement of both sides of the scene; it never has more pixels than the photo.
    factor: float = 2.0
    # Steps at least, so that a model of few steps makes more than one.
    least_steps: int = 2
    # Minimum overlap of neighboring tiles, as a share of the model's side. A tile is longer than
    # this side by half of the overlap, so that two tiles cover twice the side.
    overlap: float = 0.125
    # Least pixels of a photo, as a multiple of the model's: with fewer nothing is gained.
    gain: float = 1.5


CONFIG = SecondPassConfig()
# Tiles of a photo of 2:3 or 3:2; up to nine in longer ones.
TILES = 6


def is_worth_it(photo: np.ndarray, side: int, config: SecondPassConfig = CONFIG) -> bool:
    """Whether a photo (H, W, 3) has more pixels than the model, of ``side`` pixels, paints."""
    return photo.shape[0] * photo.shape[1] >= config.gain * side**2


def arguments(
    call: Mapping[str, Any], strength: float, config: SecondPassConfig = CONFIG
) -> dict[str, Any]:
    """The arguments of a pipeline for the second pass, from those for the first one.

    Args:
        call: the arguments for the first pass.
        strength: share of the scheduled steps, the last ones, that are made.
        config: see :class:`SecondPassConfig`.
    """
    steps = _scheduled(call["num_inference_steps"], strength, config)
    return {**call, "strength": strength, "num_inference_steps": steps}


def steps_in_all(steps: int, strength: float, config: SecondPassConfig = CONFIG) -> int:
    """The steps of all tiles of a photo of 2:3 or 3:2, which has six.

    Args:
        steps: of the first pass.
        strength: as for :func:`arguments`; 0: there is no second pass.
        config: see :class:`SecondPassConfig`.
    """
    if not strength:
        return 0
    return TILES * int(strength * _scheduled(steps, strength, config))


def _scheduled(steps: int, strength: float, config: SecondPassConfig) -> int:
    return max(steps, ceil(config.least_steps / strength))


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
        large = round(min(config.factor * side, (photo.shape[0] * photo.shape[1]) ** 0.5))
        self._canvas: Canvas = fit_canvas(photo.shape[0], photo.shape[1], large, multiple)
        placed = place(alpha, self._canvas)
        kept, behind = placed[..., None], place(scene, self._canvas)
        self._picture = round_to_uint8(place(photo, self._canvas) * kept + behind * (1 - kept))
        self._mask = repaint_mask(placed, large)

    def run(self, repaint: Repaint) -> tuple[np.ndarray, int]:
        """Repaint all tiles with background.

        Returns:
            The scene, (H', W', 3) uint8 RGB, and the number of refused tiles, which are only
            enlarged.
        """
        shape, refused = self._picture.shape, 0
        total, weights = np.zeros(shape, np.float32), np.zeros((*shape[:2], 1), np.float32)
        views = list(self._tiles())
        wanted = [bool(self._mask[view].any()) for view in views]
        numbers, overlap = iter(range(sum(wanted))), self.config.overlap * self._side
        for view, has_background in zip(views, wanted, strict=True):
            part = np.ascontiguousarray(self._picture[view])
            if has_background:
                mask = np.ascontiguousarray(self._mask[view])
                painted = repaint(part, mask, next(numbers), sum(wanted))
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
