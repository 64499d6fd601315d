"""Evaluation of the autoencoder on held-out pictures: PSNR, sharpness, a sheet."""

import logging
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import Tensor

from training.scene.autoencoder import psnr
from training.scene.data.part_store import Pictures

log = logging.getLogger(__name__)


def fine_share(pictures: Tensor) -> float:
    """The share of luma's spectral energy above a quarter of the sampling rate.

    Args:
        pictures: (B, 3, S, S) in any linear scale.
    """
    luma = pictures.float().mean(1)
    power = torch.fft.fft2(luma - luma.mean((1, 2), keepdim=True)).abs().square()
    rate = torch.fft.fftfreq(luma.shape[-1], device=luma.device)
    far = (rate[:, None] ** 2 + rate**2).sqrt() > 0.25
    return (power[:, far].sum(1) / power.sum((1, 2))).mean().item()


@torch.no_grad()
def show_reconstructions(
    autoencoder: AutoencoderKL, pictures: Pictures, path: Path, count: int = 256
) -> None:
    """Log PSNR and sharpness of squares of 256 pixels; write a sheet of eight reconstructions."""
    sharp = torch.nonzero(pictures.sharp)[:count, 0]
    device, pairs = pictures.pixels.device.type, []
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        for chosen in sharp.split(16):
            true = pictures.crops(chosen, 256, 256)
            copied = autoencoder.decode(autoencoder.encode(true).latent_dist.mode()).sample
            pairs.append((true, copied.float().clamp(-1, 1)))
    true, copied = (torch.cat(part) for part in zip(*pairs, strict=True))
    share = fine_share(copied) / fine_share(true)
    log.info("held out: %s, fine detail %.2f of the photographs'", psnr(copied, true), share)
    rows = [torch.cat(list(part[:8]), 2) for part in (true, copied)]
    sheet = (torch.cat(rows, 1).permute(1, 2, 0).cpu().numpy() + 1) * 127.5
    Image.fromarray(sheet.round().astype(np.uint8)).save(path, quality=90)
