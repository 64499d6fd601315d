"""Train the detector's second stage on the first stage's candidates.

    python -m training.detector.train_second_stage --candidates candidates \\
        --out runs/second-stage --seconds 2700

The candidates are what ``python -m training.detector.gather_candidates`` wrote; new shards are
taken up while it runs. Training begins with the weights of ``--start`` and its learning rate falls
over ``--seconds``. Averaged weights that are the best yet on the candidates of the part ``check``
go to ``OUT/second_stage.safetensors``, their figures to ``OUT/progress.json``, the whole state to
``OUT/state.pt``, from which ``--resume`` goes on. ``--export`` writes a detector with them.
"""

import argparse
import json
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from bgswap.detection.checkpoints import SECOND, second_stage
from bgswap.networks import PersonUNet
from training.common.loop import command_parser, run_command
from training.detector.candidate_crops import Batch, CropSource, still
from training.detector.candidates import Candidates
from training.detector.gather_candidates import SHIPPED
from training.detector.second_stage_scores import SCORE_WEIGHT, answers, measured
from training.matting.alpha_losses import alpha_losses, score_loss

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainConfig:
    """How the second stage is trained."""

    # Crops a step; highest learning rate of AdamW, its weight decay, steps until it is reached.
    batch: int = 16
    rate: float = 4e-4
    decay: float = 0.02
    warm_up: int = 60
    # Factor of the moving average of the weights.
    average: float = 0.98
    # Share of batches in which the network is shown its own answer, as on its second look.
    second_look: float = 0.35
    # Seconds between checks; candidates of a check at most.
    check_every: float = 420
    checked: int = 256


class Trainer:
    """Network, optimizer, average and the clock of one run.

    Args:
        network: with the weights to begin with.
        config: how it is trained.
        seed: of all chances.
    """

    def __init__(self, network: PersonUNet, config: TrainConfig, seed: int) -> None:
        self.network = network.to(memory_format=torch.channels_last)
        self.config, self.chance = config, np.random.default_rng([5, seed])
        average = get_ema_multi_avg_fn(config.average)
        self.average = AveragedModel(self.network, multi_avg_fn=average, use_buffers=True)
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=config.rate, weight_decay=config.decay
        )
        self.step, self.spent, self.best, self.checked = 0, 0.0, float("inf"), 0
        self.history: list[dict[str, float]] = []

    def train_step(self, batch: Batch, share: float) -> dict[str, Tensor]:
        """One step at the learning rate of ``share`` of the run left; its losses."""
        rate = self.config.rate * min(1, (self.step + 1) / self.config.warm_up) * max(share, 0.01)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        inputs = batch.inputs.contiguous(memory_format=torch.channels_last)
        if self.chance.random() < self.config.second_look:
            inputs[:, 3:4] = answers(self.average.module, inputs)[0]
        self.network.train()
        with torch.autocast(inputs.device.type, torch.bfloat16):
            logits, scores = self.network(inputs)
        losses = alpha_losses(logits, batch.true, batch.weight, inputs[:, :3])
        losses["score"] = score_loss(scores, batch.somebody, batch.clear)
        losses["all"] = losses["total"] + SCORE_WEIGHT * losses["score"]
        losses["all"].backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.average.update_parameters(self.network)
        self.step += 1
        return {name: value.detach() for name, value in losses.items()}

    def save(self, folder: Path) -> None:
        """Write the state to go on from."""
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": (self.step, self.spent, self.best, self.checked),
            "history": self.history,
        }
        torch.save(state, folder / "state.part")
        (folder / "state.part").replace(folder / "state.pt")

    def load(self, folder: Path) -> None:
        """Take up what :meth:`save` wrote.

        Raises:
            FileNotFoundError: nothing was.
        """
        state = torch.load(folder / "state.pt", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent, self.best, self.checked = state["progress"]
        self.history = state["history"]

    def check(self, batches: list[Batch], folder: Path) -> None:
        """Measure the average, and write it where it is the best yet on as many candidates."""
        count = sum(len(batch.clear) for batch in batches)
        if count != self.checked:
            self.best, self.checked = float("inf"), count
        figures = measured(self.average.module, batches)
        self.history.append({"step": self.step, "seconds": round(self.spent), **figures})
        log.info("%s", json.dumps(self.history[-1]))
        if figures["loss"] < self.best:
            self.best = figures["loss"]
            weights = self.average.module.state_dict().items()
            half = {k: v.half().contiguous() for k, v in weights if not k.endswith("tracked")}
            save_file(half, folder / "second_stage.part")
            (folder / "second_stage.part").replace(folder / "second_stage.safetensors")
            about = asdict(self.config) | {"best": self.history[-1], "history": self.history}
            (folder / "progress.json").write_text(json.dumps(about, indent=1) + "\n")
        self.save(folder)


def check_batches(candidates: Candidates, size: tuple[int, int], most: int) -> list[Batch]:
    """At most so many candidates, evenly spread, as they are."""
    places = np.linspace(0, len(candidates) - 1, min(len(candidates), most)).astype(int)
    return [still(candidates, part, size) for part in np.array_split(places, len(places) // 16 + 1)]


def train(trainer: Trainer, folder: Path, out: Path, seconds: float, seed: int) -> None:
    """Go on until the run has had ``seconds``, checking every now and then."""
    size = trainer.network.height, trainer.network.width
    begun, before = time.monotonic(), trainer.spent
    seen: dict[str, float] = {}
    while True:
        trainer.check(check_batches(Candidates(folder, "check"), size, trainer.config.checked), out)
        if trainer.spent >= seconds:
            break
        source = CropSource(Candidates(folder, "train"), size, seed + trainer.step)
        until = min(trainer.spent + trainer.config.check_every, seconds)
        while trainer.spent < until:
            batch = source.draw(trainer.config.batch)
            for name, value in trainer.train_step(batch, 1 - trainer.spent / seconds).items():
                seen[name] = 0.98 * seen.get(name, float(value)) + 0.02 * float(value)
            trainer.spent = before + time.monotonic() - begun
        words = ", ".join(f"{name} {value:.4f}" for name, value in seen.items())
        log.info("step %d, %d candidates: %s", trainer.step, len(source.candidates), words)


def export(weights: Path, detector: Path, folder: Path, trained: dict[str, object]) -> None:
    """Write a detector's folder anew with other second-stage weights; its card stays.

    Args:
        weights: that the training left.
        detector: whose first stage and shape to take.
        folder: where to write.
        trained: what config.json is to say about the training.
    """
    config = json.loads((detector / "config.json").read_text())
    both = load_file(detector / "model.safetensors")
    both = {k: v for k, v in both.items() if not k.startswith(SECOND)}
    both |= {f"{SECOND}{k}": v for k, v in load_file(weights).items()}
    second_stage(config, both)  # refuses weights that do not fit
    folder.mkdir(parents=True, exist_ok=True)
    save_file(both, folder / "model.safetensors", metadata={"format": "pt"})
    config["second_stage_training"] = trained
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = command_parser("detector train_second_stage", __doc__)
    add = parser.add_argument
    add("--candidates", type=Path, required=True, help="folder of gathered candidates")
    add("--out", type=Path, required=True, help="folder for weights, figures and state")
    add("--start", type=Path, default=SHIPPED, help="detector whose second stage to begin with")
    add("--seconds", type=float, default=2700, help="of training in all")
    add("--batch", type=int, default=TrainConfig.batch, help="crops a step")
    add("--rate", type=float, default=TrainConfig.rate, help="highest learning rate")
    add("--seed", type=int, default=0, help="of all chances")
    add("--resume", action="store_true", help="go on from OUT/state.pt")
    add("--export", type=Path, help="write the detector with the best weights to this folder")
    options: argparse.Namespace = parser.parse_args(arguments)

    def work() -> None:
        torch.manual_seed(options.seed)
        options.out.mkdir(parents=True, exist_ok=True)
        config = json.loads((options.start / "config.json").read_text())
        network = second_stage(config, load_file(options.start / "model.safetensors"))
        plan = TrainConfig(batch=options.batch, rate=options.rate)
        trainer = Trainer(network, plan, options.seed)
        if options.resume:
            trainer.load(options.out)
        train(trainer, options.candidates, options.out, options.seconds, options.seed)
        if options.export:
            told = json.loads((options.out / "progress.json").read_text())
            best = options.out / "second_stage.safetensors"
            export(
                best, options.start, options.export, {k: told[k] for k in told if k != "history"}
            )

    return run_command(work)


if __name__ == "__main__":
    raise SystemExit(main())
