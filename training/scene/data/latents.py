"""Latents of every picture in several crops, aspects and lights, computed once on the device."""

import logging
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor

from training.scene.autoencoder import CELL, LATENTS
from training.scene.data.part_store import Pictures
from training.scene.data.pictures import place_person
from training.scene.data.wordings import LIT
from training.scene.light import LIT as LAMP_LIT
from training.scene.light import regrade_batch

log = logging.getLogger(__name__)
SQUARE = (64, 64)
# Cells of what is painted for photos of 1:1, 4:3, 3:4, 16:9 and 9:16, and how many crops of each
# picture are kept: the first LIT of the square ones under another light.
CROPS = {SQUARE: 6, (56, 72): 1, (72, 56): 1, (48, 88): 1, (88, 48): 1}
LEAST = 0.8
# Placed people, and the cells of the pictures that they are placed in.
PLACED, PLACED_CELLS = 1500, 88


@dataclass
class Latents:
    """Training data of the diffusion model.

    Attributes:
        crops: for each shape in cells (N, K, 4, height, width) bfloat16.
        masks: (M, 1, 88, 88) bfloat16, 1 is to be painted, 0 a person.
        people: (M, 4, 88, 88) bfloat16, latents of those people on grey.
        grey: (4, 88, 88) bfloat16, latents of grey.
    """

    crops: dict[tuple[int, int], Tensor]
    masks: Tensor
    people: Tensor
    grey: Tensor


@torch.no_grad()
def encode(autoencoder: AutoencoderKL, pictures: Tensor) -> Tensor:
    """Latents (B, 4, H / 4, W / 4) bfloat16 of pictures (B, 3, H, W) in [-1, 1]."""
    device = pictures.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        return autoencoder.encode(pictures).latent_dist.mode().to(torch.bfloat16)


@torch.no_grad()
def compute_latents(
    autoencoder: AutoencoderKL,
    pictures: Pictures,
    lights: np.ndarray,
    people: list[np.ndarray],
    placed: int = PLACED,
    batch: int = 128,
) -> Latents:
    """Encode crops of all pictures, and people.

    Args:
        autoencoder: trained.
        pictures: N of them.
        lights: (N, LIT) indices of the lights of the first square crops.
        people: cut out, RGBA.
        placed: number of masks with a person.
        batch: pictures in an encoding batch.
    """
    device = pictures.pixels.device
    lamps = torch.tensor([kind in LAMP_LIT for kind in pictures.kinds], device=device)
    lights = torch.from_numpy(lights).to(device)
    everything = torch.arange(len(pictures), device=device)
    crops = {}
    for shape, count in CROPS.items():
        kept = torch.empty(
            len(pictures), count, LATENTS, *shape, dtype=torch.bfloat16, device=device
        )
        for version in range(count):
            for chosen in everything.split(batch):
                cut = pictures.crops(chosen, CELL * shape[0], CELL * shape[1], LEAST)
                if shape == SQUARE and version < LIT:
                    cut = regrade_batch(cut, lights[chosen, version], lamps[chosen])
                kept[chosen, version] = encode(autoencoder, cut)
        crops[shape] = kept
        log.info("latents of %d x %d cells: %d of each picture", *shape, count)
    return Latents(crops, *_place(autoencoder, people, placed, device))


def _place(
    autoencoder: AutoencoderKL, people: list[np.ndarray], count: int, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Masks, latents of people on grey and of grey, prepared as in the pipeline."""
    rng, side = np.random.default_rng(0), PLACED_CELLS * CELL
    masks, cells = [], []
    for i in range(count):
        person = torch.from_numpy(place_person(people[i % len(people)], rng).copy()).to(device)
        person = person.permute(2, 0, 1)[None].float()
        person = torch.nn.functional.interpolate(person, (side, side), mode="bilinear")
        kept = person[:, 3:] > 127
        masks.append((~kept)[:, :, ::CELL, ::CELL].to(torch.bfloat16))
        cells.append(encode(autoencoder, torch.where(kept, person[:, :3] / 127.5 - 1, 0.0)))
    grey = encode(autoencoder, torch.zeros(1, 3, side, side, device=device))[0]
    return torch.cat(masks), torch.cat(cells), grey
