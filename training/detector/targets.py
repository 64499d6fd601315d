"""The detector's ground truth for a batch of pictures, in tensors of fixed shape."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

from training.synthesis.composer import Composite

# Maximum number of people and of masks for each picture.
MOST_PEOPLE, MASKS = 40, 6
# Strides of the mask prototypes and of the finest grid.
MASK_STRIDE, CELL = 4, 8
# Weight of negative cells in unlabeled regions, where bystanders may be.
UNKNOWN_WEIGHT = 0.15
SMALLEST_BOX = 4.0


@dataclass(frozen=True)
class Targets:
    """A batch of B pictures of side S with M people at most.

    Attributes:
        image: (B, 3, S, S) float32 in [0, 1].
        boxes: (B, M, 4) float32, x0 y0 x1 y1 in pixels, zeros in unused entries.
        present: (B, M) bool.
        masks: (B, MASKS, S/4, S/4) float in [0, 1].
        channel: (B, M) int64, which of the masks shows a person (inside the box).
        masked: (B, M) bool, that mask is known.
        weight: (B, 1, S/8, S/8) float in [0, 1], of negative cells in the class loss.
    """

    image: Tensor
    boxes: Tensor
    present: Tensor
    masks: Tensor
    channel: Tensor
    masked: Tensor
    weight: Tensor


def joined(parts: list[Targets]) -> Targets:
    """Several batches of one picture size as one."""
    names = [field.name for field in fields(Targets)]
    return Targets(**{name: torch.cat([getattr(p, name) for p in parts]) for name in names})


def from_composite(composite: Composite) -> Targets:
    """Targets of composed pictures: boxes around what is visible of each person.

    Cells on people without an entry and cells in unknown regions do not count as negatives.
    """
    people = composite.people.float() * composite.present[:, :, None, None]
    count = people.shape[1]
    boxes = boxes_of(people)
    large = (boxes[..., 2:] - boxes[..., :2]).amin(-1) >= SMALLEST_BOX
    present = composite.present & large
    boxes = boxes * present[..., None]
    others = (composite.everyone.float() - people.sum(1, keepdim=True)).clamp(min=0)
    weight = torch.where(composite.known > 0.5, 1.0, UNKNOWN_WEIGHT)
    weight = F.avg_pool2d(weight, CELL) * (F.max_pool2d(others, CELL) < 0.1)
    channel = torch.arange(count, device=people.device).expand(len(people), count)
    return Targets(
        composite.image.float(),
        padded(boxes, MOST_PEOPLE),
        padded(present, MOST_PEOPLE),
        padded(F.avg_pool2d(people, MASK_STRIDE), MASKS),
        padded(channel, MOST_PEOPLE),
        padded(present, MOST_PEOPLE),
        weight,
    )


def boxes_of(masks: Tensor) -> Tensor:
    """x0, y0, x1, y1 in pixels of what is above a half in masks (B, K, S, S); zeros for none.

    Returns:
        (B, K, 4) float32.
    """
    body = masks > 0.5
    sides = []
    for line in (body.any(2), body.any(3)):  # columns, rows: (B, K, S)
        length = line.shape[-1]
        place = torch.arange(length, device=masks.device)
        low = torch.where(line, place, length).amin(-1)
        sides.append((low, torch.where(line, place + 1, 0).amax(-1)))
    (x0, x1), (y0, y1) = sides
    boxes = torch.stack([x0, y0, x1, y1], -1).float()
    return boxes * (x1 > 0)[..., None]


def padded(values: Tensor, length: int) -> Tensor:
    """(B, N, ...) with zeros after the N in dimension 1, or cut, to ``length``."""
    values = values[:, :length]
    if values.shape[1] == length:
        return values
    rest = values.new_zeros(values.shape[0], length - values.shape[1], *values.shape[2:])
    return torch.cat([values, rest], 1)
