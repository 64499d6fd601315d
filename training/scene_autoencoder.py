"""The scene model's autoencoder: diffusers' AutoencoderKL with an encoder that is set, not trained.

A cell of 4 x 4 pixels becomes four numbers: its mean luma, two mean colour differences (ITU-R
BT.601) and how its luma rises from left to right. That is linear, so the weights are set, not
learned; pictures so small read as out of focus, which is what a backdrop is to be. The decoder
begins as a soft interpolation of the cells, which greys at the border; only what it adds to that is
trained. A CPU affords no more: a learned autoencoder takes longer than the diffusion model.
"""

import logging
import math
import time
from collections.abc import Callable

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional as F

log = logging.getLogger(__name__)
CELL = 4
LUMA = (0.299, 0.587, 0.114)
# Mean and spread of the four numbers over the training scenes, and the spread they are given:
# luma decides first, the colours next, the fine structure last.
CENTRES = (-0.08, 0.045, -0.065, 0.0)
SPREADS = (0.46, 0.174, 0.264, 0.13)
WANTED = (1.0, 0.8, 0.8, 0.45)
# What black and white lie around: minus the cell of mid grey.
ZERO = torch.tensor(CENTRES) * torch.tensor(WANTED) / torch.tensor(SPREADS)
# The last GroupNorm of the encoder is held linear by constants this large in each of its groups.
HOLD = 100.0


def build_autoencoder(channels: tuple[int, int, int] = (12, 16, 32)) -> AutoencoderKL:
    """An AutoencoderKL of 4 latent channels, one cell for 4 x 4 pixels, its encoder set.

    Args:
        channels: of the three levels; multiples of 4, 12 or more.
    """
    autoencoder = AutoencoderKL(
        block_out_channels=channels,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=4,
        sample_size=64,
        scaling_factor=1.0,
        mid_block_add_attention=False,
        force_upcast=False,
    )
    with torch.no_grad():
        _set_encoder(autoencoder)
        _set_decoder(autoencoder)
    return autoencoder


def _set_encoder(autoencoder: AutoencoderKL) -> None:
    """Write the linear map into the convolutions; every residual branch adds nothing."""
    encoder = autoencoder.encoder
    _pass_through([block.resnets[0] for block in encoder.down_blocks])
    _pass_through(list(encoder.mid_block.resnets))
    _clear(encoder.conv_in)
    luma = torch.tensor(LUMA)
    red, blue = torch.tensor([1.0, 0, 0]) - luma, torch.tensor([0, 0, 1.0]) - luma
    encoder.conv_in.weight[:3, :, 1, 1] = torch.stack([luma, red, blue])
    for level, reach in ((0, 0.5), (1, 1.0)):
        _set_halving(encoder.down_blocks[level].downsamplers[0].conv, reach)
    last = encoder.down_blocks[2].resnets[0].conv_shortcut
    _spread_over_groups(last, encoder.conv_norm_out, encoder.conv_out, 4)
    into = autoencoder.quant_conv
    _clear(into)
    for i, (centre, spread, wanted) in enumerate(zip(CENTRES, SPREADS, WANTED, strict=True)):
        into.weight[i, i] = wanted / spread
        into.bias[i] = -centre * wanted / spread
    # A posterior of hardly any spread: encoding does not depend on chance.
    into.bias[4:] = -20


def _pass_through(blocks: list[nn.Module]) -> None:
    """Residual blocks that add nothing and hand the first four numbers on."""
    for block in blocks:
        _clear(block.conv2)
        if block.conv_shortcut is not None:
            _clear(block.conv_shortcut)
            for i in range(4):
                block.conv_shortcut.weight[i, i] = 1


def _clear(layer: nn.Conv2d) -> None:
    layer.weight.zero_()
    layer.bias.zero_()


def _set_halving(conv: nn.Conv2d, reach: float) -> None:
    """Means of 2 x 2; the fourth number gathers luma weighted with its place from left to right."""
    _clear(conv)
    for i in range(4):
        conv.weight[i, i, :2, :2] = 0.25
    conv.weight[3, 0, :2, 0], conv.weight[3, 0, :2, 1] = -0.25 * reach, 0.25 * reach


def _spread_over_groups(conv: nn.Conv2d, norm: nn.GroupNorm, out: nn.Conv2d, count: int) -> None:
    """One number a group beside +HOLD and -HOLD: the norm then only scales, up to HOLD ** -2.

    The mean that the norm takes away is found again in the constant. A bias far up SiLU's straight
    part keeps that linear too. ``out`` gives the first ``count`` numbers back as they came.
    """
    weight, bias = conv.weight.clone(), conv.bias.clone()
    width = norm.num_channels // norm.num_groups
    scale = HOLD * math.sqrt(2 / width)
    for layer in (conv, out):
        _clear(layer)
    norm.weight.fill_(0)
    norm.bias.fill_(0)
    for i in range(count):
        at = i * width
        conv.weight[at], conv.bias[at] = weight[i], bias[i]
        conv.bias[at + 1], conv.bias[at + 2] = HOLD, -HOLD
        norm.weight[at : at + 2] = 10 * scale
        norm.bias[at], norm.bias[at + 1] = 24, 24 - 10 * HOLD
        out.weight[i, at, 1, 1], out.weight[i, at + 1, 1, 1] = 0.1, -0.1


def _set_decoder(autoencoder: AutoencoderKL) -> None:
    """Write colours back from luma and differences, a soft interpolation into the upsampling."""
    decoder = autoencoder.decoder
    _pass_through(list(decoder.mid_block.resnets))
    _pass_through([block for up in decoder.up_blocks for block in up.resnets])
    out = autoencoder.post_quant_conv
    _clear(out)
    for i, (centre, spread, wanted) in enumerate(zip(CENTRES, SPREADS, WANTED, strict=True)):
        out.weight[i, i], out.bias[i] = spread / wanted, centre
    _clear(decoder.conv_in)
    red, green, blue = LUMA
    decoder.conv_in.weight[:4, :4, 1, 1] = torch.tensor(
        [[1, 1, 0, 0], [1, -red / green, -blue / green, 0], [1, 0, 1, 0], [0, 0, 0, 1.0]]
    )
    soft = torch.tensor([0.25, 0.5, 0.25])
    for up in decoder.up_blocks[:2]:
        conv = up.upsamplers[0].conv
        _clear(conv)
        for i in range(4):
            conv.weight[i, i] = soft[:, None] * soft
    first = decoder.up_blocks[2].resnets[0].conv_shortcut
    _spread_over_groups(first, decoder.conv_norm_out, decoder.conv_out, 3)


def to_signed(pictures: np.ndarray) -> Tensor:
    """(B, H, W, 3) uint8 RGB to (B, 3, H, W) float32 in [-1, 1]."""
    return (
        torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).float() / 127.5 - 1
    )


def to_cells(pictures: np.ndarray) -> Tensor:
    """What the encoder makes of pictures, by the same formula and many times as fast.

    Args:
        pictures: (N, H, W, 3) RGB from 0 to 255, sides multiples of 4.

    Returns:
        Latents (N, 4, H / 4, W / 4) float32.
    """
    batches = (pictures[i : i + 512] for i in range(0, len(pictures), 512))
    return torch.cat([_cells(to_signed(batch)) for batch in batches])


def _cells(pictures: Tensor) -> Tensor:
    luma = torch.einsum("nchw,c->nhw", pictures, torch.tensor(LUMA))
    means = F.avg_pool2d(pictures, CELL)
    middle = F.avg_pool2d(luma[:, None], CELL)
    places = torch.tensor([-1.5, -0.5, 0.5, 1.5]).expand(1, 1, CELL, CELL) / CELL**2
    rise = F.conv2d(luma[:, None], places, stride=CELL)
    cells = torch.cat([middle, means[:, :1] - middle, means[:, 2:] - middle, rise], 1)
    centres, scales = torch.tensor(CENTRES), torch.tensor(WANTED) / torch.tensor(SPREADS)
    return (cells - centres[:, None, None]) * scales[:, None, None]


def soften(pictures: Tensor) -> Tensor:
    """What cells can tell of pictures, smoothly: their means, interpolated up to the border.

    Asked for the pictures themselves, the decoder sharpens the cells into a mosaic.
    """
    means = F.avg_pool2d(pictures, CELL)
    return F.interpolate(means, scale_factor=CELL, mode="bicubic", align_corners=False)


def picture_loss(output: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error of the pixels and of their differences to right and below."""
    across = F.l1_loss(output.diff(dim=-1), target.diff(dim=-1))
    down = F.l1_loss(output.diff(dim=-2), target.diff(dim=-2))
    return F.l1_loss(output, target) + 0.5 * (across + down)


def train_decoder(
    autoencoder: AutoencoderKL,
    sample: Callable[[int], tuple[np.ndarray, Tensor]],
    minutes: float,
    rate: float = 2e-3,
) -> float:
    """Train what the decoder adds to interpolation, in place, on latents that are a little off.

    Args:
        autoencoder: its encoder stays as it is.
        sample: takes a count, gives pictures (count, 64, 64, 3) uint8 RGB and their latents.
        minutes: how long.
        rate: highest learning rate of AdamW; it falls along a cosine.

    Returns:
        The mean loss of the last steps.
    """
    decoder = autoencoder.decoder
    blocks = [*decoder.mid_block.resnets, *(b for up in decoder.up_blocks for b in up.resnets)]
    weights = [p for n, p in nn.ModuleList(blocks).named_parameters() if "shortcut" not in n]
    optimizer = torch.optim.AdamW(weights, lr=rate, weight_decay=1e-4)
    start, step, seen, done = time.monotonic(), 0, 0.0, 0.0
    while minutes and (done := (time.monotonic() - start) / (60 * minutes)) < 1:
        warm = min(1.0, (step + 1) / 50)
        optimizer.param_groups[0]["lr"] = rate * warm * math.cos(done * math.pi / 2)
        pictures, cells = sample(16)
        # Guidance drives cells beyond what pictures hold: there too the border is to be clean.
        stronger = 1 + 0.5 * torch.rand(len(cells), 1, 1, 1)
        cells = stronger * cells + (stronger - 1) * ZERO[:, None, None]
        cells = cells + torch.randn_like(cells) * 0.1 * torch.rand(len(cells), 1, 1, 1)
        target = soften(to_signed(pictures)) * stronger
        output = autoencoder.decode(cells.to(autoencoder.device)).sample
        loss = picture_loss(output, target.to(autoencoder.device))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        step, seen = step + 1, loss.item() if not step else 0.98 * seen + 0.02 * loss.item()
        if step % 50 == 0:
            log.info("decoder: %d steps, %.0f %%, loss %.4f", step, 100 * done, seen)
    return seen
