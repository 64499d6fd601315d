"""Train the mask autoencoder on masks that are damaged the way detectors damage them.

    python -m training mask_autoencoder train --people datasets/people.zip \\
        --out runs/mask-autoencoder --samples 100000 --epochs 3 --batch 16

Clean masks are drawn by the script and, with ``--people``, cut out of photos of people; with
``--candidates`` half of the samples are masks as the detector really draws them. Out come
``autoencoder.pth`` (state dict), ``hub/`` (config.json, model.safetensors, README.md), curves, a
sample sheet and metrics.json. The command above takes some forty minutes of one core's time and
ends at a validation loss (cross entropy + 0.5 Dice) of 0.084.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import Dataset

from bgswap.detection.mask_squares import square_crop
from bgswap.networks import MaskAutoencoder
from training.common.data import PictureArchive, people_names
from training.common.export import save_hub_folder
from training.common.initialise import he_initialise
from training.common.loop import add_flags, command_parser, train_command
from training.common.losses import mask_losses
from training.common.tasks import LoopSettings
from training.mask_autoencoder.drawn_masks import damage, draw, move
from training.mask_autoencoder.real_masks import RealMasks, load_pairs

# Validation samples count from here: no training sample has such a number.
VALIDATION_FROM = 1 << 40
DRAWN_SHARE = 0.2


def read_masks(people: Path | None, part: str) -> dict[str, list[np.ndarray]]:
    """The person masks (H, W) uint8 of an archive's ``part`` by kind; none without an archive.

    Kinds are what names begin with, as in ``street_0001``. Masks that another model drew are
    smoother than people are: where names tell them (``auto_``), they are left out.
    """
    kinds: dict[str, list[np.ndarray]] = {}
    if people is None:
        return kinds
    archive = PictureArchive(people)
    for stem in people_names(archive, part):
        kind = stem.rsplit("/", 1)[-1].partition("_")[0]
        mask = archive.read(f"{stem}.png", "L")
        if not kind.endswith("auto") and mask.max() > 127:
            kinds.setdefault(kind, []).append(mask)
    return kinds


def as_unit(mask: np.ndarray) -> np.ndarray:
    """uint8 0 to 255 to float32 0 to 1."""
    return mask.astype(np.float32) / 255


class DamagedMasks(Dataset):
    """Pairs of damaged and clean masks, (1, side, side) float32, as the refiner cuts them.

    Args:
        people: masks (H, W) uint8 of people by kind; drawn ones alone where there are none. Rare
            kinds come more often than their share: by the root of their count.
        length: samples an epoch.
        side: of the square crops.
        seed: of all samples; sample n is always the same.
        start: number of the first sample.
    """

    def __init__(
        self,
        people: dict[str, list[np.ndarray]],
        length: int,
        side: int,
        seed: int,
        start: int = 0,
    ) -> None:
        self.people, chances = list(people.values()), np.sqrt([len(m) for m in people.values()])
        self.chances, self.length, self.side = chances / chances.sum(), length, side
        self.seed, self.start = seed, start

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([self.seed, self.start + number])
        clean = self.clean(rng)
        damaged, box = damage(clean, rng)
        pair = (square_crop(mask, box, self.side)[None] for mask in (damaged, clean))
        damaged, clean = (torch.from_numpy(np.ascontiguousarray(mask)) for mask in pair)
        return damaged, clean

    def clean(self, rng: np.random.Generator) -> np.ndarray:
        """A clean mask on a canvas of twice the side."""
        if not self.people or rng.random() < DRAWN_SHARE:
            return draw(rng, 2 * self.side)
        kind = self.people[rng.choice(len(self.people), p=self.chances)]
        mask = kind[rng.integers(len(kind))]
        return move(as_unit(mask), rng, 2 * self.side)


class MaskTask:
    """What :func:`training.common.loop.train` needs to know about the mask autoencoder."""

    weights_name = "autoencoder.pth"

    def __init__(
        self,
        people: Path | None,
        side: int,
        samples: int,
        seed: int,
        held_out: int = 256,
        candidates: Path | None = None,
        start: Path | None = None,
    ) -> None:
        torch.manual_seed(seed)
        cv2.setNumThreads(1)
        self.network = he_initialise(MaskAutoencoder(side=side))
        if start:
            self.network.load_state_dict(load_file(start / "model.safetensors"))
        self.training = DamagedMasks(read_masks(people, "train"), samples, side, seed)
        others = read_masks(people, "val")
        self.validation = DamagedMasks(others, held_out, side, seed, VALIDATION_FROM)
        self.config = {
            "network": "mask-autoencoder",
            "side": side,
            "samples": samples,
            "people": sum(map(len, self.training.people)),
        }
        if candidates:
            found = load_pairs(candidates, "train")
            self.training = RealMasks(found, self.training)
            self.validation = RealMasks(load_pairs(candidates, "check"), self.validation)
            self.config["real masks"] = len(found)

    def losses(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Named losses of pairs (B, 1, side, side): damaged, clean."""
        damaged, clean = batch
        return mask_losses(network(damaged), clean)

    def finish(self, network: MaskAutoencoder, run: Path, settings: dict[str, Any]) -> None:
        """A sheet of damaged, refined and clean masks, and the Hub folder."""
        pairs = [self.validation[n] for n in range(min(24, len(self.validation)))]
        damaged, clean = (torch.stack(masks) for masks in zip(*pairs, strict=True))
        device = next(network.parameters()).device
        with torch.inference_mode():
            refined = network(damaged.to(device)).cpu()
        rows = torch.cat([damaged, refined, clean], 3)[:, 0].numpy()
        sheet = np.vstack(rows) if len(rows) < 24 else np.hstack(np.split(np.vstack(rows), 3))
        cv2.imwrite(str(run / "sheet.png"), (sheet * 255).round().astype(np.uint8))
        save_hub_folder(network, run / "hub", "mask-autoencoder", settings)


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("mask_autoencoder", __doc__)
    parser.add_argument(
        "--people",
        type=Path,
        help="folder or zip with person masks, people/{train,val}/NAME.png beside NAME.webp; "
        "without it all masks are drawn",
    )
    parser.add_argument(
        "--candidates", type=Path, help="what training.detector.gather_candidates wrote"
    )
    parser.add_argument("--start", type=Path, help="Hub folder of weights to begin with")
    parser.add_argument("--side", type=int, default=64, help="of the square crops, in pixels")
    parser.add_argument("--samples", type=int, default=8192, help="masks an epoch")
    defaults = LoopSettings(
        out=Path("runs/mask-autoencoder"), epochs=12, batch=8, learning_rate=0.004
    )
    add_flags(parser, defaults)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""

    def task(args: argparse.Namespace) -> MaskTask:
        about = {"candidates": args.candidates, "start": args.start}
        return MaskTask(args.people, args.side, args.samples, args.seed, **about)

    return train_command(parser(), task, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
