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
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from bgswap.networks import MaskAutoencoder
from training.common.data import (
    PictureArchive,
    SkipBroken,
    add_skip_flag,
    people_names,
    read_person_mask,
)
from training.common.export import save_hub_folder
from training.common.facts import DataFacts, RunFacts
from training.common.flags import add_flags
from training.common.initialise import he_initialise
from training.common.loop import command_parser, train_command
from training.common.losses import mask_losses
from training.common.tasks import LoopSettings
from training.mask_autoencoder.damaged_masks import (
    DRAWN_SHARE,
    VALIDATION_FROM,
    DamagedMasks,
    Masks,
)
from training.mask_autoencoder.real_masks import RealMasks, load_pairs

DRAWN = DataFacts(
    "",
    "masks drawn by the training script",
    license="agpl-3.0",
    note="No photos and no people's masks were used.",
)
log = logging.getLogger(__name__)


def read_masks(
    archive: PictureArchive, part: str, skip: SkipBroken | None = None
) -> dict[str, list[np.ndarray]]:
    """The person masks (H, W) uint8 of an archive's ``part`` by kind.

    Kinds are what names begin with, as in ``street_0001``. Masks that another model drew are
    smoother than people are: where names tell them (``auto_``), they are left out, and so are
    masks of nobody.

    Raises:
        BrokenFile: a mask cannot be used, and may not be skipped.
        ValueError: there is not one mask.
    """
    skip = skip or SkipBroken()
    kinds: dict[str, list[np.ndarray]] = {}
    drawn = empty = used = broken = 0
    for stem in people_names(archive, part):
        kind = stem.rsplit("/", 1)[-1].partition("_")[0]
        if kind.endswith("auto"):
            drawn += 1
            continue
        mask = skip.take(lambda s=stem: read_person_mask(archive, s))
        if mask is None:
            broken += 1
        elif mask.max() <= 127:
            empty += 1
        else:
            used += 1
            kinds.setdefault(kind, []).append(mask)
    if not used:
        raise ValueError(
            f"no person mask for {part} in {archive.path}: expected people/{part}/NAME.png beside "
            "its photo NAME.jpg"
        )
    left_out = {"drawn by a model": drawn, "of nobody": empty, "broken": broken}
    why = "".join(f", {count} {reason} left out" for reason, count in left_out.items() if count)
    log.info("%s: %d person masks for %s%s", archive.path, used, part, why)
    return kinds


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
        skip_broken: int = 0,
        candidates: Path | None = None,
    ) -> None:
        torch.manual_seed(seed)
        cv2.setNumThreads(1)
        self.step = 0
        self.network = he_initialise(MaskAutoencoder(side=side))
        masks, others, self.data = self._read(people, skip_broken)
        self.training: Dataset[Any] = DamagedMasks(masks, samples, side, seed)
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
            checked = load_pairs(candidates, "check")
            self.validation = RealMasks(checked, self.validation)
            self.config["real masks"] = len(found)
            counts = {"train": len(found), "check": len(checked)}
            real = DataFacts(str(candidates), "masks as the person detector draws them", counts)
            self.data = [real, *(replace(source, note="") for source in self.data)]

    @staticmethod
    def _read(people: Path | None, skip_broken: int) -> tuple[Masks, Masks, list[DataFacts]]:
        """Masks to learn from and held out, by kind, and what a card says of both."""
        if people is None:
            log.info("no --people: all masks are drawn")
            return {}, {}, [DRAWN]
        archive, skip = PictureArchive(people), SkipBroken(skip_broken)
        masks, others = (read_masks(archive, part, skip) for part in ("train", "val"))
        counts = {
            part: sum(map(len, kinds.values()))
            for part, kinds in (("train", masks), ("val", others))
        }
        drawn = replace(DRAWN, kind=f"{DRAWN.kind} ({DRAWN_SHARE:.0%} of the samples)", note="")
        return masks, others, [archive.facts("people's masks", counts), drawn]

    def losses(self, network: nn.Module, batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        """Named losses of pairs (B, 1, side, side): damaged, clean."""
        damaged, clean = batch
        return mask_losses(network(damaged), clean)

    def draw_samples(self, network: MaskAutoencoder, folder: Path) -> None:
        """A sheet of damaged, refined and clean masks."""
        pairs = [self.validation[n] for n in range(min(24, len(self.validation)))]
        damaged, clean = (torch.stack(masks) for masks in zip(*pairs, strict=True))
        device = next(network.parameters()).device
        with torch.inference_mode():
            refined = network(damaged.to(device)).cpu()
        rows = torch.cat([damaged, refined, clean], 3)[:, 0].numpy()
        sheet = np.vstack(rows) if len(rows) < 24 else np.hstack(np.split(np.vstack(rows), 3))
        cv2.imwrite(str(folder / "sheet.png"), (sheet * 255).round().astype(np.uint8))

    def finish(self, network: MaskAutoencoder, run: Path, facts: RunFacts) -> None:
        """The sheet, and the Hub folder."""
        self.draw_samples(network, run)
        save_hub_folder(network, run / "hub", "mask-autoencoder", facts)


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("mask_autoencoder train", __doc__)
    parser.add_argument(
        "--people",
        type=Path,
        help="folder or zip with person masks, people/{train,val}/NAME.png beside its photo "
        "NAME.jpg; without it all masks are drawn",
    )
    add_skip_flag(parser)
    parser.add_argument(
        "--candidates", type=Path, help="what training.detector.gather_candidates wrote"
    )
    parser.add_argument("--side", type=int, default=64, help="of the square crops, in pixels")
    parser.add_argument("--samples", type=int, default=8192, help="masks an epoch")
    defaults = LoopSettings(
        out=Path("runs/mask-autoencoder"), epochs=12, batch=8, learning_rate=0.004
    )
    add_flags(parser, defaults)
    return parser


def task_from(args: argparse.Namespace) -> MaskTask:
    """The task that the flags ask for."""
    real = {"skip_broken": args.skip_broken, "candidates": args.candidates}
    return MaskTask(args.people, args.side, args.samples, args.seed, **real)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    return train_command(parser(), task_from, arguments)


if __name__ == "__main__":
    raise SystemExit(main())
