"""Train the person U-Net, which looks from nearby at whom the starter detector may have found.

    python -m training.person_segmenter --people datasets/people.zip --scenes datasets/scenes.zip \\
        --out runs/person-segmenter --epochs 6

First the detector that ships looks at some 9,000 pictures, and its candidates are kept as close-ups
(``OUT/closeups-train.raw``, 6 GB; ten minutes of one core, which ``--workers`` share). Then the
network learns to draw each person's mask anew from the photo and the rough mask, and whether
anybody is there at all. Out come ``person_unet.pth`` (state dict), curves, a sample sheet,
metrics.json, and ``hub/``: the detector with its new second stage, the threshold chosen and the
figures measured on held-out pictures.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from bgswap.networks import PersonUNet
from bgswap.people.detector import PersonDetector
from training.closeup_pastes import candidate_of, leaked, put_beside, set_before
from training.closeup_variation import varied
from training.closeups import LEAST, NOBODY, PHOTO, SOMEBODY, UNCLEAR, Closeups, gather
from training.detector_export import (
    finish_second_stage,
    trained_second_stage,
    with_second_stage,
)
from training.drawn_things import drawn_thing
from training.initialise import he_initialise
from training.loop import add_flags, command_parser, train_command
from training.losses import mask_losses
from training.tasks import LoopSettings

DETECTOR = Path("bgswap/starter/person-detector")
# How often somebody of a photo is shown, somebody of a composite, and nobody.
SHARES = (0.25, 0.35, 0.4)
# So often a person is set before what another close-up of a photo shows.
SET_BEFORE = 0.4
# So often a thing is put beside one; it is drawn so often, or else of a photo, where it was taken
# for a person.
PUT_BESIDE, DRAWN = 0.4, 0.5
# So often a rough mask leaks into what is beside a person.
LEAKS = 0.35
# How much it counts whether anybody is there, next to the mask.
SCORE_WEIGHT = 0.3


class VariedCloseups(Dataset):
    """Crops (5, H, W), true masks (1, H, W) float32 and kinds, as :mod:`training.closeups` says.

    Args:
        closeups: to draw from.
        length: samples an epoch.
        size: (height, width) of the crops.
        seed: of all samples; sample n is always the same.
    """

    def __init__(self, closeups: Closeups, length: int, size: tuple[int, int], seed: int) -> None:
        self.closeups, self.length, self.size, self.seed = closeups, length, size, seed
        somebody, photo = closeups.kinds == SOMEBODY, closeups.sources == PHOTO
        self.photos = np.flatnonzero(photo)
        self.things = np.flatnonzero(photo & (closeups.kinds == NOBODY))
        groups = (somebody & photo, somebody & ~photo, closeups.kinds == NOBODY)
        self.groups = [np.flatnonzero(group) for group in groups]
        shares = np.array(SHARES) * [group.size > 0 for group in self.groups]
        self.shares = shares / shares.sum()

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor, int]:
        rng = np.random.default_rng([self.seed, number])
        index = int(rng.choice(self.groups[rng.choice(len(self.groups), p=self.shares)]))
        closeup = self._pasted(index, rng)
        return *varied(closeup, self.size, rng), int(self.closeups.kinds[index])

    def _pasted(self, index: int, rng: np.random.Generator) -> np.ndarray:
        """A close-up (240, 160, 6), sometimes before or beside what others show."""
        crops = self.closeups.crops
        closeup, somebody = crops[index], self.closeups.kinds[index] == SOMEBODY
        if somebody and self.photos.size and rng.random() < SET_BEFORE:
            closeup = set_before(closeup, crops[rng.choice(self.photos)], rng)
        if rng.random() < PUT_BESIDE:
            thing = None
            if self.things.size and rng.random() >= DRAWN:
                thing = candidate_of(crops[rng.choice(self.things)])
            closeup = put_beside(closeup, drawn_thing(rng) if thing is None else thing, rng)
        return leaked(closeup, rng) if rng.random() < LEAKS else closeup


class StillCloseups(Dataset):
    """The same kinds of samples, as they are: evenly spread over all close-ups."""

    def __init__(self, closeups: Closeups, length: int, size: tuple[int, int]) -> None:
        self.closeups, self.size = closeups, size
        self.indices = np.linspace(0, len(closeups.kinds) - 1, length).astype(int)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor, int]:
        index = int(self.indices[number])
        crop, true = varied(self.closeups.crops[index], self.size, None)
        return crop, true, int(self.closeups.kinds[index])


class SegmenterTask:
    """What :func:`training.loop.train` needs to know about the person U-Net.

    Args:
        training, validation: close-ups.
        detector: folder of the detector that becomes a second stage.
        samples: close-ups an epoch.
        seed: of first weights and samples.
        network: to go on with; None for a new one.
    """

    weights_name = "person_unet.pth"

    def __init__(
        self,
        training: Closeups,
        validation: Closeups,
        detector: Path,
        samples: int,
        seed: int,
        network: PersonUNet | None = None,
    ) -> None:
        torch.manual_seed(seed)
        cv2.setNumThreads(1)
        self.network = network or he_initialise(PersonUNet())
        self.detector = detector
        size = self.network.height, self.network.width
        self.training = VariedCloseups(training, samples, size, seed)
        self.validation = StillCloseups(validation, min(400, len(validation.kinds)), size)
        self.config = {
            "network": "person-segmenter",
            "samples": samples,
            "closeups": len(training.kinds),
        }

    def losses(self, network: nn.Module, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, Tensor]:
        """Named losses of crops, true masks and kinds.

        Masks count where somebody is shown, scores wherever it is clear whether anybody is.
        """
        crops, true, kinds = batch
        logits, scores = network(crops.contiguous(memory_format=torch.channels_last))
        shown, clear = kinds == SOMEBODY, kinds != UNCLEAR
        # where nobody is, nothing counts: an empty mask that was found to be empty
        found = torch.sigmoid(logits) * shown[:, None, None, None]
        losses = mask_losses(found, true * shown[:, None, None, None])
        each = F.binary_cross_entropy_with_logits(scores, shown.float(), reduction="none")
        losses["score"] = (each * clear).sum() / clear.sum().clamp(min=1)
        losses["total"] = losses["total"] + SCORE_WEIGHT * losses["score"]
        return losses

    def finish(self, network: PersonUNet, run: Path, settings: dict[str, Any]) -> None:
        """A sheet (photos, rough, found, true masks), and the detector with this second stage."""
        samples = [self.validation[n] for n in range(len(self.validation))]
        shown = [s for s in samples if s[2] == SOMEBODY][:24]
        crops, true = (torch.stack(parts) for parts in list(zip(*shown, strict=True))[:2])
        device = next(network.parameters()).device
        with torch.inference_mode():
            found = torch.sigmoid(network(crops.to(device))[0]).cpu()
        masks = torch.cat([crops[:, 3:4], found, true], 3).expand(-1, 3, -1, -1)
        rows = torch.cat([crops[:, :3] / 2 + 0.5, masks], 3).permute(0, 2, 3, 1).numpy()
        sheet = np.vstack(rows) if len(rows) % 3 else np.hstack(np.split(np.vstack(rows), 3))
        cv2.imwrite(str(run / "sheet.png"), (sheet[:, :, ::-1] * 255).round().astype(np.uint8))
        with_second_stage(self.detector, network, settings, run / "hub")


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("person_segmenter", __doc__)
    parser.add_argument("--people", type=Path, required=True, help="people.zip or such a folder")
    parser.add_argument("--scenes", type=Path, required=True, help="scenes.zip or such a folder")
    parser.add_argument(
        "--detector", type=Path, default=DETECTOR, help="whose candidates to learn from"
    )
    parser.add_argument(
        "--go-on", action="store_true", help="begin with the detector's own second stage"
    )
    parser.add_argument("--composites", type=int, default=5000, help="pictures to compose")
    parser.add_argument("--samples", type=int, default=20000, help="close-ups an epoch")
    defaults = LoopSettings(
        out=Path("runs/person-segmenter"), epochs=6, batch=32, learning_rate=0.002
    )
    add_flags(parser, defaults)
    return parser


def task_from(args: argparse.Namespace) -> SegmenterTask:
    """The task that the flags ask for; gathers the close-ups where they are not there yet."""
    args.out.mkdir(parents=True, exist_ok=True)
    detector = PersonDetector.load(args.detector, LEAST)
    counts = {"train": args.composites, "val": max(args.composites // 60, 1)}
    closeups = [
        gather(detector, args.people, args.scenes, part, count, args.out, args.workers)
        for part, count in counts.items()
    ]
    network = trained_second_stage(args.detector) if args.go_on else None
    return SegmenterTask(*closeups, args.detector, args.samples, args.seed, network)


def measured(args: argparse.Namespace) -> None:
    """Choose the threshold of the detector with its new second stage, and fill in its card."""
    finish_second_stage(args.out / "hub", args.people, args.scenes)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    return train_command(parser(), task_from, arguments, after=measured)


if __name__ == "__main__":
    raise SystemExit(main())
