"""Grid sampling, foreground colors, and boxes as masks, on batches of tensors."""

import torch
from torch import Tensor
from torch.nn import functional as F


def foreground(images: Tensor, alphas: Tensor) -> Tensor:
    """Foreground colors without the background in the soft edge: blur fusion in one pass.

    Args:
        images: (B, 3, S, S) uint8.
        alphas: (B, 1, S, S) uint8.

    Returns:
        (B, 3, S, S) float in [0, 1].
    """
    image, alpha = images.float() / 255, alphas.float() / 255

    def near(weight: Tensor) -> Tensor:
        pooled = F.avg_pool2d(torch.cat([image * weight, weight], 1), 8)
        return F.interpolate(
            pooled[:, :3] / (pooled[:, 3:] + 1e-3), scale_factor=8, mode="bilinear"
        )

    front, back = near(alpha), near(1 - alpha)
    fused = front + alpha * (image - alpha * front - (1 - alpha) * back)
    return torch.where(alpha > 0.98, image, fused.clamp(0, 1))


def foregrounds(images: Tensor, alphas: Tensor, chosen: Tensor, batch: int = 64) -> Tensor:
    """Foreground colors of some pictures, (len(chosen), 3, S, S) uint8.

    Args:
        images: (N, 3, S, S) uint8.
        alphas: (N, S, S) uint8.
        chosen: numbers of the pictures.
        batch: pictures at a time.
    """
    colors = images.new_empty(len(chosen), *images.shape[1:])
    for rows, part in zip(colors.split(batch), chosen.split(batch), strict=True):
        rows.copy_((foreground(images[part], alphas[part][:, None]) * 255).round())
    return colors


def sampled(layers: Tensor, grid: Tensor, scale: Tensor | None = None) -> Tensor:
    """Layers (B, C, S, S), uint8 or in [0, 1], sampled at a grid; antialiased where they shrink."""
    layers = layers.float() / 255 if layers.dtype == torch.uint8 else layers
    if scale is not None:
        for factor in (2, 4):
            small = (scale < 0.75 / (factor - 1))[:, None, None, None]
            pooled = F.interpolate(F.avg_pool2d(layers, factor), scale_factor=factor)
            layers = torch.where(small, pooled, layers)
    return F.grid_sample(layers, grid, padding_mode="border", align_corners=False)


def blurred(image: Tensor, factor: int) -> Tensor:
    """Pictures (B, C, S, S) blurred over about ``factor`` pixels."""
    size = image.shape[-2:]
    return F.interpolate(F.avg_pool2d(image, factor), size=size, mode="bilinear")


def shown(grid: Tensor, size: Tensor, side: int) -> Tensor:
    """1 where a grid lies inside pictures of (width, height) on a canvas of ``side``, else 0."""
    pixels = (grid + 1) * side / 2
    within = (pixels > 0).all(-1) & (pixels < size[:, None, None]).all(-1)
    return within[:, None].float()


def filled(boxes: Tensor, side: int, grown: float) -> Tensor:
    """(B, N, S, S) float, 1 inside each box (B, N, 4) grown by a share of its longer side."""
    reach = grown * (boxes[..., 2:] - boxes[..., :2]).amax(-1, keepdim=True)
    line = torch.arange(side, device=boxes.device) + 0.5
    low, high = boxes[..., :2] - reach, boxes[..., 2:] + reach
    across = (line >= low[..., :1]) & (line < high[..., :1])
    down = (line >= low[..., 1:]) & (line < high[..., 1:])
    real = (boxes[..., 2:] > boxes[..., :2]).all(-1)
    return (down[..., :, None] & across[..., None, :] & real[..., None, None]).float()


def apart(boxes: Tensor, listed: Tensor) -> Tensor:
    """(B, N) bool, the listed boxes (B, N, 4) that overlap no other listed box."""
    low = torch.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    touch = (high > low).all(-1) & listed[:, :, None] & listed[:, None]
    touch = touch & ~torch.eye(boxes.shape[1], dtype=torch.bool, device=boxes.device)
    return listed & ~touch.any(2)
