"""What surrounds the training loop: devices, order, learning rate, checkpoints, the run folder."""

import logging
import math
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader
from tqdm import tqdm

from training.common import saved_states
from training.common.average import moving_average
from training.common.facts import RunFacts, typed_command
from training.common.initialise import begin_with
from training.common.plots import draw_curves
from training.common.progress import Progress, SampleOrder, save_whole, write_json
from training.common.tasks import LoopSettings, Task

log = logging.getLogger(__name__)


class Run:
    """The bookkeeping around the loop; the state of network, optimizer and chances is accelerate's.

    Raises:
        FileNotFoundError: there is no checkpoint to resume from.
        FileExistsError: the run folder holds another run's checkpoint.
        ValueError: the checkpoint was made with other settings, or there is too little data.
    """

    def __init__(self, task: Task, settings: LoopSettings) -> None:
        self.task, self.settings, self.progress = task, settings, Progress()
        self.accelerator = Accelerator(
            cpu=settings.cpu,
            mixed_precision=settings.mixed_precision,
            step_scheduler_with_optimizer=False,
        )
        self.folder, self.epochs = Path(settings.out), settings.epochs
        world = self.accelerator.num_processes
        self.order = SampleOrder(len(task.training), settings.seed)
        self.steps = self.order.length // (settings.batch * world)
        if not self.steps:
            raise ValueError(
                f"{self.order.length} samples are too few for {world} batches of {settings.batch}"
            )
        self.config = {**_kept(settings), **task.config, "world_size": world}
        self._read_progress()
        self._prepare()
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

    @property
    def judged(self) -> nn.Module:
        """What is validated and kept: the moving average of the network, or the network itself."""
        return self.average.module if self.average else self.network

    def batches(self) -> Iterator[Any]:
        """The batches of this epoch that are left, each with its own seed."""
        progress, world = self.progress, self.accelerator.num_processes
        self.order.epoch = progress.epoch
        left = self.training
        if progress.step:
            left = self.accelerator.skip_first_batches(self.training, progress.step)
        bar = tqdm(
            total=self.steps,
            initial=progress.step,
            desc=f"epoch {progress.epoch + 1}/{self.epochs}",
            disable=not self.accelerator.is_local_main_process,
        )
        with bar:
            for batch in left:
                done = progress.epoch * self.steps + progress.step
                torch.manual_seed(
                    (self.settings.seed << 32) + done * world + self.accelerator.process_index
                )
                self.task.step = done
                yield batch
                bar.update()
                mean = self.progress.sums["total"] / progress.step
                bar.set_postfix(loss=f"{mean:.4f}", refresh=False)

    def step_done(self, losses: dict[str, Tensor]) -> None:
        """Count a step; write a checkpoint when one is due, and end when told to."""
        progress = self.progress
        progress.step += 1
        if self.average:
            self.average.update_parameters(self.accelerator.unwrap_model(self.network))
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
        if self.accelerator.is_main_process:
            log.info("epoch %d: validation %s", progress.epoch, _in_words(validation))
        if validation["total"] < progress.best:
            progress.best = validation["total"]
            if self.accelerator.is_main_process:
                weights = self.accelerator.unwrap_model(self.judged).state_dict()
                save_whole(weights, self.folder / self.task.weights_name)
        self.save()

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        now = time.monotonic()
        self.progress.seconds += now - self._started
        self._started = now
        state = {"config": self.config, "progress": asdict(self.progress)}
        saved_states.save(self.accelerator, self.folder, state)

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
            self.task.finish(network, self.folder, self._facts(network))
            write_json(self.folder / "metrics.json", metrics)
        self.accelerator.end_training()
        return metrics

    def _facts(self, network: nn.Module) -> RunFacts:
        parameters = sum(weight.numel() for weight in network.parameters())
        return RunFacts(
            settings=self.config,
            data=self.task.data,
            command=typed_command(),
            seconds=self.progress.seconds,
            steps=self.progress.epoch * self.steps,
            parameters=parameters,
        )

    def _read_progress(self) -> None:
        """Take up where the checkpoint stands, or see that there is none."""
        if not self.settings.goes_on:
            if known := saved_states.taken(self.folder):
                raise FileExistsError(
                    f"{known} is there: --resume goes on with it, or name another folder"
                )
            return
        state = saved_states.read_progress(self.folder)
        known = state["config"]
        if self.settings.more_epochs:
            self.epochs = known["epochs"] + self.settings.more_epochs
            known = known | {"epochs": self.epochs}
            self.config["epochs"] = self.epochs
        changed = sorted(k for k in known | self.config if known.get(k) != self.config.get(k))
        if changed:
            raise ValueError(f"the checkpoint was made with other {', '.join(changed)}")
        self.progress = Progress(**state["progress"])

    def _prepare(self) -> None:
        """Everything that accelerate holds, with the checkpoint's state where there is one."""
        task, settings = self.task, self.settings
        if settings.start_from and not settings.goes_on:
            begin_with(task.network, settings.start_from)
        loader = {"batch_size": settings.batch, "num_workers": settings.workers}
        # A generator of its own: making an iterator must not use up the training's random numbers.
        training = DataLoader(
            task.training,
            sampler=self.order,
            drop_last=True,
            generator=torch.Generator(),
            **loader,
        )
        validation = DataLoader(task.validation, generator=torch.Generator(), **loader)
        optimizer = torch.optim.Adam(task.network.parameters(), lr=settings.learning_rate)
        scheduler = LambdaLR(optimizer, lambda step: self._rate(step))
        self.network, self.optimizer, self.scheduler, self.training, self.validation = (
            self.accelerator.prepare(task.network, optimizer, scheduler, training, validation)
        )
        self.average = None
        if settings.ema:
            average = moving_average(self.accelerator.unwrap_model(self.network), settings.ema)
            self.average = self.accelerator.prepare_model(average, evaluation_mode=True)
        if settings.goes_on:
            self.accelerator.load_state(str(saved_states.newest(self.folder)))

    def _rate(self, step: int) -> float:
        """The share of the learning rate that a step is given."""
        warm = min(1.0, (step + 1) / (self.settings.warmup + 1))
        if self.settings.schedule == "constant":
            return warm
        return warm * 0.5 * (1 + math.cos(math.pi * step / (self.epochs * self.steps)))

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _open_folder(self) -> None:
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / "config.json", self.config)


def _kept(settings: LoopSettings) -> dict[str, Any]:
    """The settings that decide which weights come out."""
    free = {"out", "resume", "workers", "checkpoint_every", "cpu", "more_epochs"}
    return {name: value for name, value in asdict(settings).items() if name not in free}


def _in_words(losses: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in losses.items())
