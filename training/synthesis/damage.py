"""Rough masks from true masks by synthetic damage that imitates detectors, on batches of tensors.

Families: coarse grids as of mask prototypes, missing limbs and heads, attached objects and
neighbours, displaced edges, holes, clipping boxes, eroded masks, and nearly true masks.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

# Probability of each family; several may be combined in one mask.
CUT, WANDER, SPOTS, NEIGHBOUR, THING, CORE, TRUE = 0.3, 0.6, 0.35, 0.22, 0.25, 0.06, 0.06
CLIPPED, HARD = 0.7, 0.5


class Damage:
    """Draws rough masks.

    Args:
        generator: on the masks' device.

    Attributes:
        turn: number of the next batch, which selects its grid of cells.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator
        self.turn = 0

    def uniform(self, like: Tensor, low: float = 0.0, high: float = 1.0) -> Tensor:
        """(B, 1, 1, 1) uniform numbers for masks ``like``."""
        shape = (len(like), 1, 1, 1)
        drawn = torch.rand(shape, generator=self.generator, device=like.device)
        return low + (high - low) * drawn

    def __call__(self, true: Tensor, others: Tensor, box: Tensor) -> Tensor:
        """Rough masks of the people whose true masks are given.

        Args:
            true: (B, 1, H, W) float in [0, 1].
            others: (B, 1, H, W), the union of all others' masks.
            box: (B, 4) x0, y0, x1, y1 in [0, 1] of the crop, with the detector's errors.

        Returns:
            (B, 1, H, W) float in [0, 1].
        """
        rough = self._wandering(true.float())
        rough = self._cut(rough)
        rough = self._spots(rough)
        rough = self._joined(rough, others.float())
        inside = _inside(box, rough.shape[-2:])
        clip = self.uniform(rough) < CLIPPED
        rough = torch.where(clip, rough * inside, rough)
        rough = self._coarse(rough)
        rough = torch.where(clip, rough * inside, rough)
        hard = self.uniform(rough) < HARD
        rough = torch.where(hard, (rough > 0.5).float(), rough)
        nearly = self.uniform(rough) < TRUE
        return torch.where(nearly, true.float(), rough).clamp(0, 1)

    def noise(self, like: Tensor, cells: int) -> Tensor:
        """(B, 1, H, W) smooth noise of about unit variance with ``cells`` bumps a side."""
        coarse = torch.randn(
            (len(like), 1, cells + 1, cells + 1), generator=self.generator, device=like.device
        )
        return F.interpolate(coarse, size=like.shape[-2:], mode="bicubic", align_corners=True)

    def _wandering(self, mask: Tensor) -> Tensor:
        """The edge displaced by smooth noise; some masks are strongly eroded."""
        reach = max(mask.shape[-2:]) // 24
        soft = mask
        for _ in range(2):
            soft = F.avg_pool2d(soft, (2 * reach + 1, 1), 1, (reach, 0), count_include_pad=False)
            soft = F.avg_pool2d(soft, (1, 2 * reach + 1), 1, (0, reach), count_include_pad=False)
        shift = 0.22 * self.noise(mask, 6) + 0.12 * self.noise(mask, 14)
        shift = shift + self.uniform(mask, -0.18, 0.18)
        core = self.uniform(mask) < CORE
        shift = torch.where(core, self.uniform(mask, -0.42, -0.2), shift)
        moved = torch.sigmoid((soft - 0.5 + shift) * 30)
        wander = (self.uniform(mask) < WANDER) | core
        return torch.where(wander, moved, mask)

    def region(self, image: Tensor, near: Tensor) -> Tensor:
        """A region of similar color around a random pixel of each picture, as a fake object.

        Args:
            image: (B, 3, H, W) float in [-1, 1].
            near: (B, 1, H, W) float, relative probability of each pixel to be the seed.

        Returns:
            (B, 1, H, W) float in [0, 1].
        """
        height, width = image.shape[-2:]
        odds = near.flatten(1) * torch.rand(
            near.flatten(1).shape, generator=self.generator, device=near.device
        )
        place = odds.argmax(1)
        rows = torch.arange(len(image), device=image.device)
        color = image.flatten(2)[rows, :, place][:, :, None, None]
        grid_y, grid_x = _grid(near)
        y, x = (place // width + 0.5) / height, (place % width + 0.5) / width
        reach = self.uniform(near, 0.04, 0.22)
        away = (grid_y - y[:, None, None, None]) ** 2 * (height / width) ** 2
        away = (away + (grid_x - x[:, None, None, None]) ** 2) / reach**2
        unlike = ((image - color) ** 2).sum(1, keepdim=True) / self.uniform(near, 0.1, 0.7) ** 2
        close = torch.exp(-0.5 * (away + unlike))
        close = F.avg_pool2d(close, 5, 1, 2)
        return torch.sigmoid((close - self.uniform(near, 0.2, 0.45)) * 20)

    def _cut(self, mask: Tensor) -> Tensor:
        """A part of the mask removed beyond a random line: a head, legs or a side."""
        grid_y, grid_x = _grid(mask)
        y0, y1, x0, x1 = _extent(mask)
        angle = (self.uniform(mask) * 4).floor() * (torch.pi / 2) + self.uniform(mask, -0.5, 0.5)
        across = torch.cos(angle) * (grid_x - (x0 + x1) / 2) / (x1 - x0).clamp(min=0.02)
        along = torch.sin(angle) * (grid_y - (y0 + y1) / 2) / (y1 - y0).clamp(min=0.02)
        line = 0.5 - self.uniform(mask, 0.03, 0.3) + 0.03 * self.noise(mask, 8)
        lost = (across + along > line) & (self.uniform(mask) < CUT)
        return torch.where(lost, torch.zeros_like(mask), mask)

    def _spots(self, mask: Tensor) -> Tensor:
        """Holes in the mask and islands near it, as blobs of noise."""
        reach = mask.shape[-1] // 14
        near = F.max_pool2d(mask, (2 * reach + 1, 1), 1, (reach, 0))
        near = F.max_pool2d(near, (1, 2 * reach + 1), 1, (0, reach))
        holes = self.noise(mask, 9) > self.uniform(mask, 1.2, 2.4)
        holes = holes & (self.uniform(mask) < SPOTS)
        blobs = (self.noise(mask, 7) > self.uniform(mask, 1.0, 2.2)) & (near > 0.5)
        blobs = blobs & (self.uniform(mask) < SPOTS)
        mask = torch.where(holes, torch.zeros_like(mask), mask)
        return torch.where(blobs, torch.ones_like(mask), mask)

    def _joined(self, mask: Tensor, others: Tensor) -> Tensor:
        """Parts of neighbours and of objects beside the person, added to the mask."""
        grid_y, grid_x = _grid(mask)
        keep = self.noise(mask, 3) > self.uniform(mask, -1.0, 1.0)
        joined = torch.maximum(mask, others * keep)
        mask = torch.where(self.uniform(mask) < NEIGHBOUR, joined, mask)
        y0, y1, x0, x1 = _extent(mask)
        high = (y1 - y0).clamp(min=0.05)
        side = torch.where(self.uniform(mask) < 0.5, x0, x1) + high * self.uniform(mask, -0.1, 0.1)
        middle = y0 + high * self.uniform(mask, 0.1, 1.0)
        tall, wide = high * self.uniform(mask, 0.04, 0.22), high * self.uniform(mask, 0.04, 0.18)
        away = ((grid_y - middle) / tall) ** 2 + ((grid_x - side) / wide) ** 2
        thing = (away < 1 + 0.4 * self.noise(mask, 10)) & (self.uniform(mask) < THING)
        return torch.where(thing, torch.ones_like(mask), mask)

    def _coarse(self, mask: Tensor) -> Tensor:
        """The mask on a coarse grid, interpolated; one grid size for the whole batch."""
        height, width = mask.shape[-2:]
        cells = COARSENESS[self.turn % len(COARSENESS)]
        self.turn += 1
        if cells >= height:
            return mask
        size = cells, max(round(cells * width / height), 4)
        small = F.interpolate(mask, size=size, mode="area")
        return F.interpolate(small, size=(height, width), mode="bilinear")


# Grid cells over the height of a crop, used in turn.
COARSENESS = (24, 64, 400, 40, 100, 16, 32, 140)


def _grid(mask: Tensor) -> tuple[Tensor, Tensor]:
    """Rows and columns of masks (B, 1, H, W) as numbers in [0, 1]."""
    height, width = mask.shape[-2:]
    rows = (torch.arange(height, device=mask.device) + 0.5) / height
    columns = (torch.arange(width, device=mask.device) + 0.5) / width
    return rows[None, None, :, None], columns[None, None, None]


def _extent(mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """First and last row and column of each mask, (B, 1, 1, 1) each, in [0, 1]."""
    grid_y, grid_x = _grid(mask)
    rows = (mask.amax(3, keepdim=True) > 0.5).float()
    columns = (mask.amax(2, keepdim=True) > 0.5).float()
    y0 = 1 - (rows * (1 - grid_y)).amax(2, keepdim=True)
    x0 = 1 - (columns * (1 - grid_x)).amax(3, keepdim=True)
    return y0, (rows * grid_y).amax(2, keepdim=True), x0, (columns * grid_x).amax(3, keepdim=True)


def _inside(box: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, 1, H, W) float, 1 inside boxes (B, 4) given in [0, 1]."""
    like = torch.empty((len(box), 1, *size), device=box.device)
    grid_y, grid_x = _grid(like)
    x0, y0, x1, y1 = (part[:, None, None, None] for part in box.unbind(1))
    return ((grid_y >= y0) & (grid_y < y1) & (grid_x >= x0) & (grid_x < x1)).float()
