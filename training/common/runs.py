"""What surrounds the training loop: devices, order, learning rate, checkpoints, the run folder."""

import json
import logging
import math
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor
from torch.utils.data import DataLoader, Sampler
from tqdm import tqdm

from training.common.plots import draw_curves
from training.common.tasks import LoopSettings, Task

log = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pth"


class SampleOrder(Sampler[int]):
    """Sample numbers of one epoch, shuffled by seed and epoch, from some sample on."""

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed = length, seed
        self.epoch, self.skip = 0, 0

    def __iter__(self) -> Iterator[int]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.length)
        return iter((order[self.skip :] + self.epoch * self.length).tolist())

    def __len__(self) -> int:
        return self.length


@dataclass
class Progress:
    """Where a run stands; goes into the checkpoint."""

    epoch: int = 0
    step: int = 0  # within the epoch
    best: float = math.inf
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


class Run:
    """The bookkeeping around the loop: devices, order, learning rate, checkpoints, the folder."""

    def __init__(self, task: Task, settings: LoopSettings) -> None:
        self.task, self.settings, self.progress = task, settings, Progress()
        self.accelerator = Accelerator(cpu=settings.cpu, mixed_precision=settings.mixed_precision)
        self.folder = Path(settings.out)
        world = self.accelerator.num_processes
        self.order = SampleOrder(len(task.training), settings.seed)
        self.steps = self.order.length // (settings.batch * world)
        if not self.steps:
            raise ValueError(
                f"{self.order.length} samples are too few for {world} batches of {settings.batch}"
            )
        loader = {"batch_size": settings.batch, "num_workers": settings.workers}
        training = DataLoader(
            task.training,
            sampler=self.order,
            drop_last=True,
            # Its own generator: making an iterator must not use up the training's random numbers.
            generator=torch.Generator(),
            **loader,
        )
        validation = DataLoader(task.validation, generator=torch.Generator(), **loader)
        optimizer = torch.optim.Adam(task.network.parameters(), lr=settings.learning_rate)
        self.network, self.optimizer, self.training, self.validation = self.accelerator.prepare(
            task.network, optimizer, training, validation
        )
        self.config = {**_kept(settings), **task.config, "world_size": world}
        self._open_folder()
        self._stopping = False
        self._handlers: dict[signal.Signals, Any] = {}
        self._started = time.monotonic()

    def __enter__(self) -> "Run":
        """From here on SIGTERM and SIGINT end the run after the step it is in."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self._handlers[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def batches(self) -> Iterator[Any]:
        """The batches of this epoch that are left, each with its seed and learning rate set."""
        settings, progress = self.settings, self.progress
        world, rank = self.accelerator.num_processes, self.accelerator.process_index
        self.order.epoch = progress.epoch
        self.order.skip = progress.step * settings.batch * world
        bar = tqdm(
            total=self.steps,
            initial=progress.step,
            desc=f"epoch {progress.epoch + 1}/{settings.epochs}",
            disable=not self.accelerator.is_local_main_process,
        )
        with bar:
            for batch in self.training:
                done = progress.epoch * self.steps + progress.step
                torch.manual_seed((settings.seed << 32) + done * world + rank)
                share = done / (settings.epochs * self.steps)
                for group in self.optimizer.param_groups:
                    group["lr"] = settings.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
                yield batch
                bar.update()
                mean = self.progress.sums["total"] / progress.step
                bar.set_postfix(loss=f"{mean:.4f}", refresh=False)

    def step_done(self, losses: dict[str, Tensor]) -> None:
        """Count a step; write a checkpoint when one is due, and end when told to."""
        progress = self.progress
        progress.step += 1
        for name, value in losses.items():
            progress.sums[name] = progress.sums.get(name, 0.0) + value.item()
        if self._stopping:
            self.accelerator.set_trigger()
        # All processes stop after the same step, whichever of them was told to.
        if self.accelerator.check_trigger():
            self.save()
            log.warning("stopped in epoch %d; go on with --resume", progress.epoch + 1)
            raise SystemExit(128 + signal.SIGTERM)
        if progress.step % self.settings.checkpoint_every == 0:
            self.save()

    def epoch_done(self, validation: dict[str, float]) -> None:
        """Note the losses, keep the weights if they are the best yet, write a checkpoint."""
        progress = self.progress
        training = {name: total / progress.step for name, total in progress.sums.items()}
        entry = {"epoch": progress.epoch + 1, "training": training, "validation": validation}
        progress.history.append(entry)
        progress.epoch, progress.step, progress.sums = progress.epoch + 1, 0, {}
        log.info("epoch %d: validation %s", progress.epoch, _in_words(validation))
        if validation["total"] < progress.best:
            progress.best = validation["total"]
            if self.accelerator.is_main_process:
                _save(self._weights(), self.folder / self.task.weights_name)
        self.save()

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        now = time.monotonic()
        self.progress.seconds += now - self._started
        self._started = now
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            scaler = self.accelerator.scaler
            state = {
                "config": self.config,
                "network": self._weights(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": scaler.state_dict() if scaler else None,
                "progress": asdict(self.progress),
            }
            _save(state, self.folder / CHECKPOINT)
        self.accelerator.wait_for_everyone()

    def done(self) -> dict[str, Any]:
        """Curves, metrics, and what the task makes of its best weights."""
        progress = self.progress
        metrics = {
            "world_size": self.accelerator.num_processes,
            "seconds": round(progress.seconds, 1),
            "best_validation_loss": progress.best,
            "final": progress.history[-1],
            "history": progress.history,
        }
        if self.accelerator.is_main_process:
            network = self.accelerator.unwrap_model(self.network).eval()
            best = torch.load(self.folder / self.task.weights_name, weights_only=True)
            network.load_state_dict(best)
            draw_curves(progress.history, self.folder / "curves.png")
            self.task.finish(network, self.folder, self.config)
            write_json(self.folder / "metrics.json", metrics)
        self.accelerator.end_training()
        return metrics

    def _weights(self) -> dict[str, Tensor]:
        return self.accelerator.unwrap_model(self.network).state_dict()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _open_folder(self) -> None:
        """Read the checkpoint, or begin: then nobody else's may be there."""
        path = self.folder / CHECKPOINT
        if self.settings.resume:
            self._load(path)
        elif path.exists():
            raise FileExistsError(
                f"{path} is there: --resume goes on with it, or name another folder"
            )
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / "config.json", self.config)

    def _load(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"no checkpoint to resume from at {path}")
        state = torch.load(path, weights_only=True, map_location=self.accelerator.device)
        known = state["config"]
        changed = sorted(k for k in known | self.config if known.get(k) != self.config.get(k))
        if changed:
            raise ValueError(f"the checkpoint was made with other {', '.join(changed)}")
        self.accelerator.unwrap_model(self.network).load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.accelerator.scaler:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.progress = Progress(**state["progress"])


def _kept(settings: LoopSettings) -> dict[str, Any]:
    """The settings that decide which weights come out."""
    free = {"out", "resume", "workers", "checkpoint_every", "cpu"}
    return {name: value for name, value in asdict(settings).items() if name not in free}


def _in_words(losses: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in losses.items())


def _save(state: object, path: Path) -> None:
    """Save whole or not at all: a run may end at any moment."""
    half = path.with_suffix(".part")
    torch.save(state, half)
    half.replace(path)


def write_json(path: Path, value: object) -> None:
    """Write JSON for people to read."""
    path.write_text(json.dumps(value, indent=2) + "\n")
