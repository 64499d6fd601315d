"""Train the matting network and its refiner on pictures that are composed as they are needed.

    python -m training matting train --pack packs/people-a packs/people-b --out runs/matting \\
        --device cuda --seconds 540 --pictures 48

The packs are what ``python -m training pack`` wrote. Everything is drawn on the device
that trains, so that a GPU is never waited for. The learning rate falls over ``--seconds``; the
averaged weights go to ``OUT/model.safetensors`` every minute, with the checkpoint that ``--resume``
goes on from. ``--start-from FOLDER`` begins with the weights of a finished model.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from bgswap.networks import MattingUNet
from training.common.compiled import Compiled
from training.common.flags import add_track_flag
from training.common.loop import command_parser, run_command, train_for
from training.common.progress import Progress
from training.common.tasks import TimedSettings
from training.matting.alpha_losses import SCORE, alpha_losses, score_loss
from training.matting.crops import Crops, draw_crops
from training.synthesis.bank import load_banks
from training.synthesis.composer import Composer
from training.synthesis.damage import Damage

# Crops of like area for standing people, for groups and sitting ones, for lying ones; and how
# often each comes.
SIZES = ((384, 256), (320, 320), (256, 384))
TURNS = (0, 1, 0, 0, 2, 1, 0, 1)
# The refiner has fewer weights to learn: it is trained in every second step.
REFINED_EVERY = 2
# First steps of a process in which torch.compile works: one for each size, and one more.
COMPILING = 6


class MattingTask:
    """What the training loop needs to know about the matting network.

    Args:
        composer: where pictures come from.
        out: folder for the averaged weights.
        pictures, each: composed a step, and crops of each.
        rate: highest learning rate.
        compiled: whether to compile the network's forward pass.
        start_from: folder of weights to begin with; random ones if None.
    """

    others: Sequence[Any] = ()
    average: nn.Module

    def __init__(
        self,
        composer: Composer,
        out: Path,
        pictures: int,
        each: int,
        rate: float,
        compiled: bool = False,
        start_from: Path | None = None,
    ) -> None:
        self.composer, self.out, self.rate, self.step = composer, out, rate, 0
        self.pictures, self.each = pictures, each
        self.damage = Damage(composer.generator)
        network = MattingUNet()
        if start_from:
            network.load_state_dict(load_file(start_from / "model.safetensors"), strict=False)
        self.network = network.to(composer.device, memory_format=torch.channels_last)
        self.forward = Compiled(self.network, compiled)
        self.compiled = [self.forward]
        kinds = torch.bincount(composer.photos.kinds, minlength=4).tolist()
        self.config = {
            "crops a step": pictures * each,
            "learning rate": rate,
            "photos (single, group, polygon)": kinds[:3],
            "scenes": len(composer.scenes),
        }

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW, with weight decay for weights of two dimensions and more."""
        plain = [p for p in self.network.parameters() if p.ndim < 2]
        weights = [p for p in self.network.parameters() if p.ndim >= 2]
        groups = [{"params": weights, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0}]
        return [torch.optim.AdamW(groups, lr=self.rate, betas=(0.9, 0.98))]

    @torch.no_grad()
    def batch(self, seed: int, share: float) -> Crops:
        """Crops of composed pictures, of the size whose turn it is."""
        self.composer.generator.manual_seed(seed)
        self.damage.turn = self.step
        size = SIZES[TURNS[self.step % len(TURNS)]]
        return draw_crops(self.composer, self.damage, self.pictures, self.each, size)

    def losses(self, network: nn.Module, batch: Crops) -> dict[str, Tensor]:
        """Losses of the alpha and of presence, in every second step of the refined alpha."""
        inputs, photo = batch.inputs, batch.inputs[:, :3]
        with self._half(inputs):
            logits, scores = self.forward(inputs.contiguous(memory_format=torch.channels_last))
        losses = alpha_losses(logits, batch.alpha, batch.weight, photo)
        losses["score"] = score_loss(scores, batch.somebody, batch.clear)
        losses["total"] = losses["total"] + SCORE * losses["score"]
        if self.step % REFINED_EVERY == 0:
            refined = self._refined(network, inputs)
            losses["refined"] = alpha_losses(refined, batch.alpha, batch.weight, photo)["total"]
            losses["total"] = losses["total"] + losses["refined"]
        return losses

    def _refined(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """Logits of the refiner: from the network's own alpha of the crops at half their size."""
        small = F.avg_pool2d(inputs, 2)
        with torch.no_grad(), self._half(inputs):
            network.eval()
            coarse = torch.sigmoid(network(small)[0].float())
            network.train()
        enlarged = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        with self._half(inputs):
            return network.refiner(inputs[:, :3], enlarged)

    @staticmethod
    def _half(inputs: Tensor) -> torch.autocast:
        kind = inputs.device.type
        return torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda")

    def validate(self) -> dict[str, float]:
        """Nothing: alphas are measured by ``training matting evaluate``."""
        return {}

    def keep(self, progress: Progress) -> None:
        """Write the averaged weights in half precision, and what the card says of the run."""
        state = self.average.state_dict().items()
        half = {k: v.half().contiguous() for k, v in state if not k.endswith("tracked")}
        save_file(half, self.out / "model.part")
        (self.out / "model.part").replace(self.out / "model.safetensors")
        told = {"seconds": round(progress.seconds), "steps": progress.steps} | self.config
        (self.out / "progress.json").write_text(json.dumps(told))


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("matting train", __doc__)
    add = parser.add_argument
    add("--pack", type=Path, nargs="+", required=True, help="folders of packs")
    add("--out", type=Path, required=True, help="folder for weights and checkpoint")
    add("--device", default="cpu", help="cpu, cuda, mps")
    add("--seconds", type=float, default=14400, help="of training in all")
    add("--pictures", type=int, default=8, help="composed a step")
    add("--each", type=int, default=3, help="crops of each picture")
    add("--rate", type=float, default=1.5e-3, help="highest learning rate")
    add("--limit", type=int, help="photos of each kind, to try things")
    add("--workers", type=int, default=0, help="processes that read the packs")
    add("--threads", type=int, help="of torch")
    add("--seed", type=int, default=0, help="of weights and pictures")
    add("--compile", action="store_true", help="compile the network")
    add("--start-from", type=Path, help="folder with trained weights")
    add("--resume", action="store_true", help="go on from the checkpoint in OUT")
    add_track_flag(parser)
    return parser


def settings_from(options: argparse.Namespace) -> TimedSettings:
    """How long and by which schedule the flags ask to train."""
    return TimedSettings(
        options.out,
        seconds=options.seconds,
        schedule="linear",
        lowest=0.005,
        warmup=100,
        ema=0.998,
        ramp=False,
        clip=2.0,
        uncounted=COMPILING if options.compile else 0,
        seed=options.seed,
        resume=options.resume,
        cpu=options.device == "cpu",
        track=options.track,
    )


def work(options: argparse.Namespace) -> None:
    """Load the packs and train."""
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    banks = load_banks(options.pack, torch.device(options.device), options.limit, options.workers)
    task = MattingTask(
        Composer(*banks),
        options.out,
        options.pictures,
        options.each,
        options.rate,
        options.compile,
        options.start_from,
    )
    task.config["seed"] = options.seed
    train_for(task, settings_from(options))


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: work(options))


if __name__ == "__main__":
    raise SystemExit(main())
