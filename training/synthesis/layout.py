"""Random layouts of people in composed pictures, and sampling grids for them."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from training.synthesis.composer import Composer

# Probabilities of a row and of scattered people; the rest are close up, cut off by the border.
ROW, SCATTER = 0.38, 0.3
TURNED, LYING = 0.3, 0.07
PORTRAITS = 0.5


@dataclass(frozen=True)
class Layout:
    """Placement of N people in each of B pictures, farthest first; all (B, N), pixels and radians.

    Attributes:
        present: whether there is such a person.
        portrait: whether they come from a portrait, which ends at the chest.
        x: of the center.
        ground: y of the lower end.
        tall: height.
        angle: of the rotation.
        flip: -1 mirrored, else 1.
    """

    present: Tensor
    portrait: Tensor
    x: Tensor
    ground: Tensor
    tall: Tensor
    angle: Tensor
    flip: Tensor


def draw_layout(source: "Composer", batch: int, count: int, side: int) -> Layout:
    """Layouts of one to ``count`` people in pictures of ``side``."""
    draw = source.uniform

    def one(low: float = 0.0, high: float = 1.0) -> Tensor:
        return draw(batch, 1, low=low, high=high)

    def each(low: float = 0.0, high: float = 1.0) -> Tensor:
        return draw(batch, count, low=low, high=high)

    kind = one()
    row, close = kind < ROW, kind >= ROW + SCATTER
    number = 1 + (one() ** 1.5 * count).floor().clamp(max=count - 1)
    number = torch.where(close, number.clamp(max=3), number)
    present = torch.arange(count, device=number.device)[None] < number
    rank = each().argsort(1).float()
    # a row: similar heights, one ground line, close together
    row_tall = side * one(0.3, 1.1) * each(0.86, 1.12)
    step = row_tall.mean(1, keepdim=True) * one(0.16, 0.5)
    row_x = side * one(0.2, 0.8) + (rank - (count - 1) / 2 + each(-0.2, 0.2)) * step
    row_ground = torch.maximum(side * one(0.7, 1.15), row_tall * 0.8) + side * each(-0.03, 0.03)
    # scattered: people lower in the picture are nearer
    ground = each(0.4, 1.08).sort(1)[0]
    far_tall = side * (0.12 + 0.8 * ground**2 * each(0.3, 1.15))
    # close up: from the chest or the waist
    portrait = close & (each() < PORTRAITS)
    shown = side * each(0.45, 1.05)
    near_tall = torch.where(portrait, shown * 1.06, shown / each(0.25, 0.75))
    near_x = side * ((rank + 0.5) / number.clamp(min=1) % 1 + each(-0.12, 0.12))
    near_ground = side - shown + near_tall
    border = each() < 0.12
    x = torch.where(row, row_x, torch.where(close, near_x, side * each(-0.02, 1.02)))
    x = torch.where(border, side * (each() < 0.5).float() + side * each(-0.05, 0.05), x)
    tall = torch.where(row, row_tall, torch.where(close, near_tall, far_tall))
    feet = torch.where(row, row_ground, torch.where(close, near_ground, side * ground))
    turn, lie = each(), each() < LYING
    angle = torch.where(turn < TURNED, each(-0.35, 0.35), torch.zeros_like(turn))
    angle = torch.where(lie & ~close, math.pi / 2 * each(0.7, 1.3), angle)
    flip = torch.where(each() < 0.5, -1.0, 1.0)
    return Layout(present, portrait, x, feet, tall, angle * flip, flip)


def sampling_grid(
    centre: Tensor,
    origin: Tensor,
    step: Tensor,
    angle: Tensor,
    flip: Tensor,
    side: int,
    source: int,
) -> Tensor:
    """Maps each pixel of a picture of ``side`` to a source of ``source``, for ``grid_sample``.

    Args:
        centre: (B, 2) x, y of the fixed point of rotation and scaling in the picture.
        origin: (B, 2) the same point in the source.
        step: (B,) source pixels a pixel.
        angle: (B,) radians.
        flip: (B,) -1 to mirror.
        side, source: pixels.

    Returns:
        (B, side, side, 2) in [-1, 1].
    """
    line = torch.arange(side, device=centre.device) + 0.5
    x = line[None, None, :] - centre[:, 0, None, None]
    y = line[None, :, None] - centre[:, 1, None, None]
    cosine, sine = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    across, along = cosine * x + sine * y, cosine * y - sine * x
    scale = step[:, None, None]
    u = origin[:, 0, None, None] + scale * flip[:, None, None] * across
    v = origin[:, 1, None, None] + scale * along
    return torch.stack([u, v], -1) * (2 / source) - 1
