"""Batches of augmented real photos with boxes of people: crops, mosaics, photometric changes."""

import torch
from torch import Tensor
from torch.nn import functional as F

from training.detector.targets import (
    CELL,
    MASK_STRIDE,
    MASKS,
    MOST_PEOPLE,
    SMALLEST_BOX,
    UNKNOWN_WEIGHT,
    Targets,
    padded,
)
from training.synthesis.bank import GROUP, POLYGON, SINGLE, PhotoBank
from training.synthesis.camera import camera

# Photos of one person up to this side come from the varied set, which has no bystanders.
VARIED_SIDE = 352
# Range of the zoom relative to the one that fills the picture, and of the aspect, as logarithms.
SMALLEST_ZOOM, LARGEST_ZOOM, ASPECT = -0.7, 0.8, 0.18
# Minimum share of a person's box that must be visible after cropping.
LEAST_VISIBLE = 0.25
# Number of boxes from which a photo may show people without a box.
CROWD = 10
# Share of pictures made of four photos.
MOSAICS = 0.25


class RealPhotos:
    """Draws real photos in which all people have boxes.

    Args:
        photos: the bank.
        seed: of everything that is drawn.

    Raises:
        ValueError: no photo has boxes.
    """

    def __init__(self, photos: PhotoBank, seed: int = 0) -> None:
        self.photos, self.device = photos, photos.images.device
        self.generator = torch.Generator(self.device).manual_seed(seed)
        single = photos.kinds == SINGLE
        varied = single & ~photos.portrait & (photos.sizes.amax(1) <= VARIED_SIDE)
        usable = (photos.counts > 0) & (~single | varied)
        self.pool = torch.nonzero(usable)[:, 0]
        if not len(self.pool):
            raise ValueError("no photo of the packs has boxes of people")
        self.masked = _masks_known(photos)
        # photos with masks are drawn twice as often
        self.pool = torch.cat([self.pool, self.pool[self.masked[self.pool].any(1)]])

    def draw(self, batch: int, side: int) -> Targets:
        """``batch`` pictures of ``side`` pixels, some of them mosaics of four photos."""
        mosaics = round(batch * MOSAICS)
        whole = self._tiles(batch - mosaics, side)
        if mosaics:
            fours = _mosaic(self._tiles(4 * mosaics, side // 2), side // 2)
            whole = [torch.cat(pair) for pair in zip(whole, fours, strict=True)]
        image, alpha, boxes, present, masked, weight = whole
        image = camera(image, self.generator)
        masks = padded(F.avg_pool2d(alpha, MASK_STRIDE), MASKS)
        channel = torch.zeros_like(present, dtype=torch.int64)
        return Targets(image, boxes, present, masks, channel, masked & present, weight)

    def _uniform(self, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        drawn = torch.rand(shape, generator=self.generator, device=self.device)
        return low + (high - low) * drawn

    def _tiles(self, count: int, side: int) -> list[Tensor]:
        """Photos zoomed, cropped and mirrored, with what the targets need."""
        place = (self._uniform(count) * len(self.pool)).long()
        which = self.pool[place.clamp(max=len(self.pool) - 1)]
        size = self.photos.sizes[which].flip(1).float()  # width, height
        zoom = side / size.amax(1, keepdim=True)
        zoom = zoom * torch.exp(self._uniform(count, 1, low=SMALLEST_ZOOM, high=LARGEST_ZOOM))
        zoom = zoom * torch.exp(self._uniform(count, 2, low=-ASPECT / 2, high=ASPECT / 2))
        spare = side - zoom * size
        # a photo larger than the tile covers it, a smaller one lies inside it
        corner = spare * self._uniform(count, 2)
        flip = self._uniform(count, 1) < 0.5
        image, alpha = self._sampled(which, zoom, corner, flip[:, 0], side)
        boxes = self.photos.boxes[which].view(count, -1, 2, 2)
        boxes = boxes * zoom[:, None, None] + corner[:, None, None]
        mirrored = torch.stack([side - boxes[..., 0], boxes[..., 1]], -1)
        boxes = torch.where(flip[..., None, None], mirrored, boxes)
        boxes = torch.cat([boxes.amin(2), boxes.amax(2)], -1)
        listed = torch.arange(boxes.shape[1], device=self.device) < self.photos.counts[which, None]
        inside = boxes.clamp(0, side)
        present = listed & _left_to_see(boxes, inside)
        crowd = (self.photos.counts[which] >= CROWD)[:, None, None, None]
        weight = _weight(inside, listed & ~present, present, alpha, side)
        weight = torch.where(crowd, weight * UNKNOWN_WEIGHT, weight)
        inside = padded(inside * present[..., None], MOST_PEOPLE)
        masked = padded(self.masked[which], MOST_PEOPLE)
        return [image, alpha, inside, padded(present, MOST_PEOPLE), masked, weight]

    def _sampled(
        self, which: Tensor, zoom: Tensor, corner: Tensor, flip: Tensor, side: int
    ) -> tuple[Tensor, Tensor]:
        """Pictures (N, 3, side, side), grey beyond the photo, and alphas (N, 1, side, side)."""
        line = torch.arange(side, device=self.device) + 0.5
        across = torch.where(flip[:, None], side - line, line)
        x = (across - corner[:, :1]) / zoom[:, :1]
        y = (line - corner[:, 1:]) / zoom[:, 1:]
        size = self.photos.sizes[which].flip(1).float()
        within = ((x > 0) & (x < size[:, :1]))[:, None] & ((y > 0) & (y < size[:, 1:]))[:, :, None]
        shape = (len(which), side, side)
        grid = torch.stack([x[:, None].expand(shape), y[:, :, None].expand(shape)], -1)
        grid = grid * (2 / self.photos.side) - 1
        images, alphas = self.photos.images[which], self.photos.alphas[which][:, None]
        layers = torch.cat([images, alphas], 1).float() / 255
        # average pooling before strong downscaling, against aliasing
        half = F.interpolate(F.avg_pool2d(layers, 2), scale_factor=2)
        layers = torch.where((zoom.amin(1) < 0.6)[:, None, None, None], half, layers)
        layers = F.grid_sample(layers, grid, padding_mode="border", align_corners=False)
        within = within[:, None]
        return torch.where(within, layers[:, :3], 128 / 255), layers[:, 3:] * within


def _masks_known(photos: PhotoBank) -> Tensor:
    """(N, 24) bool, boxes inside which the photo's alpha is that person's mask."""
    boxes, counts = photos.boxes, photos.counts
    place = torch.arange(boxes.shape[1], device=boxes.device)
    listed = place < counts[:, None]
    low = torch.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    touch = (high > low).all(-1) & listed[:, None] & (place[:, None] != place)
    kinds = photos.kinds[:, None]
    alone = (counts == 1)[:, None]
    apart = ~touch.any(2) & (kinds == GROUP)
    return listed & (apart | ((kinds == SINGLE) | (kinds == POLYGON)) & alone)


def _left_to_see(boxes: Tensor, inside: Tensor) -> Tensor:
    """Whether enough of each box (..., 4) lies inside the picture."""
    size, left = boxes[..., 2:] - boxes[..., :2], inside[..., 2:] - inside[..., :2]
    share = left.prod(-1) / size.prod(-1).clamp(min=1e-6)
    return (share > LEAST_VISIBLE) & (left.amin(-1) >= SMALLEST_BOX)


def _weight(inside: Tensor, dropped: Tensor, present: Tensor, alpha: Tensor, side: int) -> Tensor:
    """Weight (N, 1, side/8, side/8) of the class loss: 0 on people without a box in the targets."""
    line = (torch.arange(side // CELL, device=inside.device) + 0.5) * CELL
    across = (line >= inside[..., :1]) & (line < inside[..., 2:3])
    down = (line >= inside[..., 1:2]) & (line < inside[..., 3:])
    cells = down[..., :, None] & across[..., None, :]
    lost = (cells & dropped[..., None, None]).any(1, keepdim=True)
    named = (cells & present[..., None, None]).any(1, keepdim=True)
    body = F.max_pool2d(alpha, CELL) > 0.5
    return (~(lost | (body & ~named))).float()


def _mosaic(tiles: list[Tensor], side: int) -> list[Tensor]:
    """Four tiles of ``side`` at a time as one picture of twice the side."""
    image, alpha, boxes, present, masked, weight = tiles
    count = len(image) // 4
    shift = boxes.new_tensor([[0, 0], [1, 0], [0, 1], [1, 1]]).repeat(1, 2) * side
    boxes = boxes.view(count, 4, -1, 4) + shift[None, :, None]
    boxes = boxes * present.view(count, 4, -1, 1)
    boxes, present, masked = (
        value.view(count, -1, *value.shape[3:])
        for value in (boxes, present.view(count, 4, -1), masked.view(count, 4, -1))
    )
    # present people first, so that truncating the list drops as few as possible
    order = present.to(torch.int8).argsort(1, descending=True)[:, :MOST_PEOPLE]
    picked = [value.gather(1, order) for value in (present, masked)]
    boxes = boxes.gather(1, order[..., None].expand(-1, -1, 4))
    planes = [_tiled(plane, count) for plane in (image, alpha, weight)]
    return [planes[0], planes[1], boxes, *picked, planes[2]]


def _tiled(planes: Tensor, count: int) -> Tensor:
    """(4 count, C, S, S) as (count, C, 2 S, 2 S), row by row."""
    channels, side = planes.shape[1], planes.shape[-1]
    grid = planes.view(count, 2, 2, channels, side, side).permute(0, 3, 1, 4, 2, 5)
    return grid.reshape(count, channels, 2 * side, 2 * side)
