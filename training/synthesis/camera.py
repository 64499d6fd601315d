"""Photometric augmentation of batches of tensors: light, color, blur, noise, JPEG."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

# Probability that a pasted person's mean color is moved towards that of the background: low
# contrast.
ALIKE = 0.3
# Probabilities of grey, sepia and washed-out pictures, of dark ones, of blur, noise and JPEG.
GREY, SEPIA, WASHED, DARK = 0.12, 0.07, 0.06, 0.15
BLUR, NOISE, JPEG = 0.2, 0.3, 0.3
SEPIA_TONE = (1.08, 0.95, 0.72)
LUMA = (0.299, 0.587, 0.114)
# The luminance table of JPEG's annex K, by row and column of the block.
TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


class _Chance:
    """Draws random numbers for one batch, shaped to multiply pictures."""

    def __init__(self, batch: int, like: Tensor, generator: torch.Generator) -> None:
        self.batch, self.device, self.generator = batch, like.device, generator

    def __call__(self, low: float = 0.0, high: float = 1.0, channels: int = 1) -> Tensor:
        shape = (self.batch, channels, 1, 1)
        drawn = torch.rand(shape, generator=self.generator, device=self.device)
        return low + (high - low) * drawn


def recolored(color: Tensor, alpha: Tensor, behind: Tensor, generator: torch.Generator) -> Tensor:
    """People (B, 3, S, S) in random light, sometimes with the mean color of what is ``behind``."""
    chance = _Chance(len(color), color, generator)
    lit = color * chance(0.7, 1.25) * chance(0.92, 1.08, 3) + chance(-0.05, 0.05)
    weight = alpha.sum((2, 3), keepdim=True) + 1
    own = (lit * alpha).sum((2, 3), keepdim=True) / weight
    ground = (behind * alpha).sum((2, 3), keepdim=True) / weight
    near = torch.where(chance() < ALIKE, chance(0.3, 0.9), torch.zeros_like(weight))
    return (lit + near * (ground - own)).clamp(0, 1)


def camera(image: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures (B, 3, S, S) in [0, 1] with random photometric augmentation."""
    chance = _Chance(len(image), image, generator)
    image = (image * chance(0.85, 1.15, 3)).clamp(0, 1)
    luma = (image * image.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
    kind = chance()
    color = torch.where(kind < GREY + SEPIA, torch.zeros_like(kind), chance(0.5, 1.4))
    image = luma + color * (image - luma)
    tone = image.new_tensor(SEPIA_TONE).view(1, 3, 1, 1)
    image = torch.where((kind >= GREY) & (kind < GREY + SEPIA), image * tone, image)
    washed = kind > 1 - WASHED
    image = torch.where(washed, 0.35 + 0.5 * image, (image - 0.5) * chance(0.7, 1.3) + 0.5)
    image = image.clamp(1e-4, 1) ** torch.exp(chance(-0.4, 0.4))
    image = image * torch.where(chance() < DARK, chance(0.2, 0.6), chance(0.85, 1.1))
    soft = _blur(image, chance(0.2, 1.0))
    image = torch.where(chance() < BLUR, soft, image)
    grain = torch.randn(image.shape, generator=generator, device=image.device, dtype=image.dtype)
    strength = torch.where(chance() < NOISE, chance(0.0, 0.05), torch.zeros_like(kind))
    image = (image + strength * grain).clamp(0, 1)
    return torch.where(chance() < JPEG, jpeg(image, chance(0.3, 3.0)), image)


def _blur(image: Tensor, amount: Tensor) -> Tensor:
    """Pictures blended with a blur of about two pixels by ``amount`` in [0, 1]."""
    soft = F.avg_pool2d(F.avg_pool2d(image, 3, 1, 1, count_include_pad=False), 5, 1, 2)
    return image + amount * (soft - image)


def jpeg(image: Tensor, coarseness: Tensor) -> Tensor:
    """Simulated JPEG compression with 4:2:0 chroma subsampling.

    Args:
        image: (B, 3, H, W) in [0, 1]; H and W multiples of 16.
        coarseness: (B, 1, 1, 1) factor of the quantisation table; 1 is quality 50.
    """
    red, green, blue = image.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = torch.stack([0.564 * (blue - luma), 0.713 * (red - luma)], 1)
    luma = _quantised(luma[:, None], coarseness)
    chroma = _quantised(F.avg_pool2d(chroma, 2), 1.5 * coarseness)
    cb, cr = F.interpolate(chroma, scale_factor=2).unbind(1)
    y = luma[:, 0]
    rgb = torch.stack([y + 1.403 * cr, y - 0.344 * cb - 0.714 * cr, y + 1.773 * cb], 1)
    return rgb.clamp(0, 1)


def _quantised(planes: Tensor, coarseness: Tensor) -> Tensor:
    """Planes (B, C, H, W) after quantising their blocks' discrete cosine transforms."""
    n = torch.arange(8, device=planes.device, dtype=planes.dtype)
    basis = torch.cos(math.pi / 8 * (n[None] + 0.5) * n[:, None]) / 2
    basis[0] /= math.sqrt(2)
    waves = torch.einsum("ij,kl->ikjl", basis, basis).reshape(64, 1, 8, 8)
    batch, channels, height, width = planes.shape
    table = (planes.new_tensor(TABLE).view(1, 64, 1, 1) / 255 * coarseness).repeat_interleave(
        channels, 0
    )
    flat = planes.reshape(batch * channels, 1, height, width)
    spectrum = torch.round(F.conv2d(flat, waves, stride=8) / table) * table
    return F.conv_transpose2d(spectrum, waves, stride=8).view(planes.shape)
