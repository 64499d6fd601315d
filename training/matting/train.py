"""Train the matting network and its refiner on pictures that are composed as they are needed.

    python -m training matting train --pack packs/people-a packs/people-b --out runs/matting \\
        --device cuda --seconds 540 --pictures 48

The packs are what ``python -m training pack`` wrote. Everything is drawn on the device
that trains, so that a GPU is never waited for. The learning rate falls over ``--seconds``; the
averaged weights go to ``OUT/matting.safetensors`` and ``OUT/refiner.safetensors`` every minute,
the whole state to ``OUT/state.pt``, from which ``--resume`` goes on. ``--start-from FOLDER`` begins
with the weights of a finished model.
"""

import argparse
import json
import logging
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from bgswap.networks import MattingUNet
from training.common.average import moving_average
from training.matting.alpha_losses import SCORE, alpha_losses, score_loss
from training.matting.crops import Crops, draw_crops
from training.synthesis.bank import load_banks
from training.synthesis.composer import Composer
from training.synthesis.damage import Damage

log = logging.getLogger(__name__)
# Crops of like area for standing people, for groups and sitting ones, for lying ones; and how
# often each comes.
SIZES = ((384, 256), (320, 320), (256, 384))
TURNS = (0, 1, 0, 0, 2, 1, 0, 1)
WARM_UP = 100
# The refiner has fewer weights to learn: it is trained in every second step.
REFINED_EVERY = 2
DECAY = 0.998


class Trainer:
    """Network, optimizer, average and the clock of one run.

    Args:
        composer: where pictures come from.
        rate: highest learning rate.
        compiled: whether to compile the networks' forward passes.
    """

    def __init__(self, composer: Composer, rate: float, compiled: bool) -> None:
        self.composer, self.rate, self.device = composer, rate, composer.device
        self.damage = Damage(composer.generator)
        self.network = MattingUNet().to(self.device, memory_format=torch.channels_last)
        self.average = moving_average(self.network, DECAY, ramp=False)
        plain = [p for p in self.network.parameters() if p.ndim < 2]
        weights = [p for p in self.network.parameters() if p.ndim >= 2]
        groups = [{"params": weights, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0}]
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))
        self.step, self.spent = 0, 0.0
        self.told: dict[str, object] = {}
        self.forward: nn.Module = self.network
        if compiled:
            self.forward = torch.compile(self.forward, dynamic=False)

    def train(self, pictures: int, each: int, seconds: float, save_to: Path) -> None:
        """Go on until the run has had ``seconds``, saving once a minute."""
        begun, before, saved = time.monotonic(), self.spent, time.monotonic()
        seen: dict[str, Tensor] = {}
        while self.spent < seconds:
            share = max(0.0, 1 - self.spent / seconds)
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate * min(1, (self.step + 1) / WARM_UP) * max(share, 0.005)
            losses = self.train_step(pictures, each)
            for name, value in losses.items():
                seen[name] = 0.98 * seen.get(name, value) + 0.02 * value
            self.step += 1
            if self.step % 20 == 0 or self.device.type == "cpu":
                self.spent = before + time.monotonic() - begun
            if self.step % 100 == 0 or self.step == 1:
                log.info("step %d, %.0f s: %s", self.step, self.spent, _in_words(seen))
            if time.monotonic() - saved > 60:
                self.save(save_to)
                saved = time.monotonic()
        self.save(save_to)

    def train_step(self, pictures: int, each: int) -> dict[str, Tensor]:
        """One step of both networks; its losses, detached."""
        size = SIZES[TURNS[self.step % len(TURNS)]]
        with torch.no_grad():
            crops = draw_crops(self.composer, self.damage, pictures, each, size)
        half = torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda")
        with half:
            logits, scores = self.forward(
                crops.inputs.contiguous(memory_format=torch.channels_last)
            )
        photo = crops.inputs[:, :3]
        losses = alpha_losses(logits, crops.alpha, crops.weight, photo)
        losses["score"] = score_loss(scores, crops.somebody, crops.clear)
        loss = losses["total"] + SCORE * losses["score"]
        if self.step % REFINED_EVERY == 0:
            refined = self._refined(crops, half)
            losses["refined"] = alpha_losses(refined, crops.alpha, crops.weight, photo)["total"]
            loss = loss + losses["refined"]
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update_parameters(self.network)
        return {name: value.detach() for name, value in losses.items()}

    def _refined(self, crops: Crops, half: torch.autocast) -> Tensor:
        """Logits of the refiner: from the network's own alpha of the crops at half their size."""
        small = F.avg_pool2d(crops.inputs, 2)
        with torch.no_grad(), half:
            self.network.eval()
            coarse = torch.sigmoid(self.network(small)[0].float())
            self.network.train()
        enlarged = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        with half:
            return self.network.refiner(crops.inputs[:, :3], enlarged)

    def save(self, folder: Path) -> None:
        """Write the averaged weights in half precision, and the state to go on from."""
        half = {k: v.half() for k, v in _state(self.average.module).items()}
        _replaced(folder / "model.safetensors", lambda path: save_file(half, path))
        progress = {"seconds": round(self.spent), "steps": self.step} | self.told
        _replaced(folder / "progress.json", lambda path: path.write_text(json.dumps(progress)))
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": (self.step, self.spent),
        }
        _replaced(folder / "state.pt", lambda path: torch.save(state, path))

    def load(self, path: Path) -> None:
        """Take up what :meth:`save` wrote."""
        state = torch.load(path, weights_only=True, map_location=self.device)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent = state["progress"]

    def start_from(self, folder: Path) -> None:
        """Begin with the weights that :meth:`save` left in ``folder``."""
        for network in (self.network, self.average.module):
            network.load_state_dict(load_file(folder / "model.safetensors"), strict=False)


def _state(network: nn.Module) -> dict[str, Tensor]:
    """The weights that a loaded network needs, contiguous."""
    state = network.state_dict().items()
    return {k: v.contiguous() for k, v in state if not k.endswith("num_batches_tracked")}


def _replaced(path: Path, write) -> None:
    part = path.with_suffix(".part")
    write(part)
    part.replace(path)


def _in_words(losses: dict[str, Tensor]) -> str:
    return ", ".join(f"{name} {float(value):.4f}" for name, value in losses.items())


def main(arguments: list[str] | None = None) -> None:
    """Command line of the training."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pack", type=Path, nargs="+", required=True, help="folders of packs")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps")
    parser.add_argument("--seconds", type=float, default=14400, help="of training in all")
    parser.add_argument("--pictures", type=int, default=8, help="composed a step")
    parser.add_argument("--each", type=int, default=3, help="crops of each picture")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="highest learning rate")
    parser.add_argument("--limit", type=int, help="photos of each kind, to try things")
    parser.add_argument("--workers", type=int, default=0, help="processes that read the packs")
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compile", action="store_true", help="compile the networks")
    parser.add_argument("--start-from", type=Path, help="folder with trained weights")
    parser.add_argument("--resume", action="store_true", help="go on from OUT/state.pt")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    options.out.mkdir(parents=True, exist_ok=True)
    banks = load_banks(options.pack, torch.device(options.device), options.limit, options.workers)
    trainer = Trainer(Composer(*banks, options.seed), options.rate, options.compile)
    kinds = torch.bincount(banks[0].kinds, minlength=4).tolist()
    trainer.told = {
        "crops a step": options.pictures * options.each,
        "learning rate": options.rate,
        "photos (single, group, polygon)": kinds[:3],
        "scenes": len(banks[1]),
        "seed": options.seed,
    }
    if options.start_from:
        trainer.start_from(options.start_from)
    if options.resume:
        trainer.load(options.out / "state.pt")
    trainer.train(options.pictures, options.each, options.seconds, options.out)


if __name__ == "__main__":
    main()
