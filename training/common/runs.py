"""What surrounds every training loop: device, schedule, average, signals, checkpoints, folder."""

import logging
import signal
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from training.common import saved_states
from training.common.average import moving_average
from training.common.clock import Clock
from training.common.console import tracker
from training.common.plots import curves
from training.common.progress import Progress, write_json
from training.common.running_means import RunningMeans
from training.common.stopping import Stopping
from training.common.tasks import RunSettings, Task, TimedTask

log = logging.getLogger(__name__)
# Steps between two readings of the losses that are still on the device.
READ_EVERY = 50
BAR = "{desc}{percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


class Run(ABC):
    """The bookkeeping around the loop; what is saved and loaded is accelerate's.

    Args:
        task: the network and its data.
        settings: of the run.
        clock: of the run; a real one if None.
        mixed_precision: ``no``, ``fp16`` or ``bf16``.

    Attributes:
        network, optimizers, schedulers: as accelerate prepared them.
        average: torch's AveragedModel, None without one.
    """

    network: nn.Module
    optimizers: list[Any]
    schedulers: list[Any]
    average: nn.Module | None
    config: dict[str, Any]

    def __init__(
        self,
        task: Task | TimedTask,
        settings: RunSettings,
        clock: Clock | None = None,
        mixed_precision: str = "no",
    ) -> None:
        self.task, self.settings, self.clock = task, settings, clock or Clock()
        self.progress, self.means = Progress(), RunningMeans()
        self.accelerator = Accelerator(
            cpu=settings.cpu,
            mixed_precision=mixed_precision,
            step_scheduler_with_optimizer=False,
            log_with=tracker(settings.track),
            project_dir=settings.out,
        )
        self.folder = self.checkpoints = Path(settings.out)
        self.stopping = Stopping()

    @property
    @abstractmethod
    def over(self) -> bool:
        """Whether all is trained that was asked for."""

    @property
    @abstractmethod
    def share(self) -> float:
        """How much of the run is over, from 0 to 1."""

    @abstractmethod
    def batches(self) -> Iterator[Any]:
        """The batches that are left of this epoch, or of this interval, each with its own seed."""

    @abstractmethod
    def validate(self) -> dict[str, float]:
        """Losses or figures of what is judged on held-out data."""

    @abstractmethod
    def epoch_done(self, validation: dict[str, float]) -> None:
        """Note the losses, keep what is to be kept, write a checkpoint."""

    @abstractmethod
    def done(self) -> dict[str, Any]:
        """Write what comes at the end; what the run came to."""

    @abstractmethod
    def _rate(self, step: int) -> float:
        """The share of the learning rate that a step is given."""

    def __enter__(self) -> "Run":
        """From here on SIGTERM and SIGINT end the run after the step it is in."""
        self.stopping.__enter__()
        if self.settings.track:
            plain = {k: v if isinstance(v, int | float) else str(v) for k, v in self.config.items()}
            self.accelerator.init_trackers(self.folder.name, plain)
        silent = not self.accelerator.is_main_process
        self.bar = tqdm(total=1.0, initial=self.share, bar_format=BAR, disable=silent)
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
        self.stopping.__exit__()

    @property
    def judged(self) -> nn.Module:
        """What is validated and kept: the moving average of the network, or the network itself."""
        return self.average.module if self.average else self.network

    def backward(self, batch: Any) -> dict[str, Tensor] | None:
        """Add up a batch's gradients; its losses, None where it has to be left out."""
        losses = self.task.losses(self.network, batch)
        self.accelerator.backward(losses["total"])
        return losses

    def clip(self) -> bool:
        """Bound the gradients; False where they must not be used."""
        return True

    def average_weights(self) -> None:
        """Carry the moving average on."""
        if self.average:
            self.average.update_parameters(self._plain)

    def count_step(self, losses: dict[str, Tensor] | None) -> None:
        """Count a step and its time; one without losses changed nothing."""
        progress = self.progress
        progress.step, progress.steps = progress.step + 1, progress.steps + 1
        self.clock.tick()
        if losses is None:
            progress.skipped += 1
        else:
            self.means.add(losses)
        self.bar.update(self.share - self.bar.n)
        if progress.steps % READ_EVERY == 0:
            self._note_curve()

    def stop_if_told(self) -> None:
        """End with a checkpoint after SIGTERM or SIGINT: all processes after the same step."""
        if self.stopping.due(self.accelerator, self.progress.steps):
            self.save()
            log.warning("stopped at step %d; go on with --resume", self.progress.steps)
            raise SystemExit(128 + signal.SIGTERM)

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        self.means.read()
        progress, means = self.progress, self.means
        progress.seconds = self.clock.seconds
        progress.sums, progress.recent = means.sums, means.recent
        state = {"config": self.config, "progress": asdict(self.progress)}
        saved_states.save(self.accelerator, self.checkpoints, state)

    def _step_seed(self) -> int:
        """Seed torch for the next step; the seed, another one in each process."""
        world, process = self.accelerator.num_processes, self.accelerator.process_index
        seed = (self.settings.seed << 32) + self.progress.steps * world + process
        torch.manual_seed(seed)
        self.task.step = self.progress.steps
        return seed

    def _next_epoch(self, **noted: Any) -> None:
        """Note an epoch in the history and in trackers, and begin the next."""
        progress = self.progress
        self._note_curve()
        progress.history.append(noted)
        validation = noted["validation"].items()
        figures = {f"validation/{name}": value for name, value in validation}
        self.accelerator.log(figures, step=progress.steps)
        progress.epoch, progress.step = progress.epoch + 1, 0
        self.means.start()

    def _note_curve(self) -> None:
        """Note the mean losses since this was done last."""
        if not (recent := self.means.read_recent()):
            return
        progress = self.progress
        progress.curve.append({"step": progress.steps, **recent})
        rates = [scheduler.get_last_lr()[0] for scheduler in self.schedulers]
        values = {f"training/{name}": value for name, value in recent.items()}
        self.accelerator.log(values | {"learning rate": rates[0]}, step=progress.steps)
        told = f"step {progress.steps}, loss {recent['total']:.4f}"
        self.bar.set_postfix_str(told, refresh=False)

    def _draw_curves(self) -> None:
        if self.accelerator.is_main_process and self.progress.curve:
            curves(self.progress).savefig(self.folder / "curves.png", dpi=110)

    def _read_progress(self) -> None:
        """Take up where the checkpoint stands, or see that there is none.

        Raises:
            FileNotFoundError: there is no checkpoint to resume from.
            FileExistsError: the folder holds another run's checkpoint.
            ValueError: the checkpoint was made with other settings.
        """
        if not self.settings.goes_on:
            if known := saved_states.taken(self.checkpoints):
                raise FileExistsError(
                    f"{known} is there: --resume goes on with it, or name another folder"
                )
            return
        state = saved_states.read_progress(self.checkpoints)
        known = self._expected(state["config"])
        changed = sorted(k for k in known | self.config if known.get(k) != self.config.get(k))
        if changed:
            raise ValueError(f"the checkpoint was made with other {', '.join(changed)}")
        self.progress = Progress(**state["progress"])
        self.means.start(self.progress.sums, self.progress.recent)
        self.clock.go_on_from(self.progress.seconds)

    def _expected(self, known: dict[str, Any]) -> dict[str, Any]:
        """A checkpoint's config with the changes that are allowed."""
        return known

    def _prepare(self, optimizers: Sequence[Optimizer], ramp: bool = True) -> None:
        """Have accelerate hold network, optimizers, schedules and average, and load their state."""
        prepare, count = self.accelerator.prepare, len(optimizers)
        schedulers = [LambdaLR(optimizer, self._rate) for optimizer in optimizers]
        prepared = prepare(self.task.network, *optimizers, *schedulers)
        self.network, held = prepared[0], list(prepared[1:])
        self.optimizers, self.schedulers = held[:count], held[count:]
        self.average, self._plain = None, self.accelerator.unwrap_model(self.network)
        if self.settings.ema:
            average = moving_average(self._plain, self.settings.ema, ramp)
            self.average = self.accelerator.prepare_model(average, evaluation_mode=True)

    def _load(self) -> None:
        """The checkpoint's state, where the run goes on; to be called when all is prepared."""
        if self.settings.goes_on:
            self.accelerator.load_state(str(saved_states.newest(self.checkpoints)))

    def _open_folder(self) -> None:
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            write_json(self.folder / "config.json", self.config)
