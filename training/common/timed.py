"""A run that lasts so many seconds or steps, on batches that are made as they are needed."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, TypeVar

import torch
from torch import Tensor

from training.common.clock import Clock
from training.common.compiled import guarded
from training.common.running_means import in_words
from training.common.runs import Run
from training.common.schedules import rate_share
from training.common.tasks import TimedSettings, TimedTask

log = logging.getLogger(__name__)
Result = TypeVar("Result")
# Settings that may change when a run goes on.
FREE = ("out", "track", "state", "seconds", "steps", "interval", "resume", "cpu", "uncounted")


class TimedRun(Run):
    """A run of so many seconds or steps; validation, export and checkpoint come by the clock.

    Raises:
        FileNotFoundError: there is no checkpoint to resume from.
        FileExistsError: the folder of the checkpoints holds another run's.
        ValueError: the checkpoint was made with other settings, or there are several processes.
    """

    task: TimedTask
    settings: TimedSettings

    def __init__(
        self, task: TimedTask, settings: TimedSettings, clock: Clock | None = None
    ) -> None:
        super().__init__(task, settings, clock)
        if self.accelerator.num_processes > 1:
            raise ValueError("a run that is limited by time trains in one process")
        self.checkpoints = settings.state or self.folder
        kept = {name: value for name, value in asdict(settings).items() if name not in FREE}
        self.config = kept | task.config
        self.progress.begun = self.clock.seconds
        self._read_progress()
        self._made = 0  # steps of this process
        self._prepare(task.optimizers(), settings.ramp)
        self.accelerator.register_for_checkpointing(*task.others)
        self._load()
        task.average = self.judged
        self._open_folder()

    def __enter__(self) -> "TimedRun":
        super().__enter__()
        if self.settings.validate_first and not self.progress.history:
            self.epoch_done(self.validate())
        return self

    @property
    def over(self) -> bool:
        # An interval that was interrupted at its end is still to be kept.
        return self.share >= 1 and not self.progress.step

    @property
    def share(self) -> float:
        return self._share(self.progress.steps)

    def batches(self) -> Iterator[Any]:
        progress = self.progress
        if not progress.step:
            progress.due = self.clock.seconds + self.settings.interval
        while self.share < 1 and self.clock.seconds < progress.due:
            seed = self._step_seed()
            batch = self._fitting(lambda seed=seed: self.task.batch(seed, self.share))
            if batch is None:
                self.count_step(None)
            else:
                yield batch

    def backward(self, batch: Any) -> dict[str, Tensor] | None:
        gradients = super().backward
        return self._fitting(lambda: guarded(lambda: gradients(batch), *self.task.compiled))

    def clip(self) -> bool:
        """Bound the gradients; False where they are not finite and ``finite_only`` is set."""
        if not self.settings.clip:
            return True
        norm = self.accelerator.clip_grad_norm_(self.network.parameters(), self.settings.clip)
        return not self.settings.finite_only or bool(torch.isfinite(norm))

    def count_step(self, losses: dict[str, Tensor] | None) -> None:
        before = self._time_share()
        super().count_step(losses)
        self._made += 1
        if self._made <= self.settings.uncounted and before < 1:
            # The schedule begins so much later that it stands where it stood.
            late = self.clock.seconds - before * self.settings.seconds
            self.progress.begun = late / (1 - before)

    def validate(self) -> dict[str, float]:
        return self.task.validate()

    def epoch_done(self, validation: dict[str, float]) -> None:
        """Note the losses, have the task keep the average, write a checkpoint."""
        progress, losses = self.progress, self.means.read()
        progress.seconds = self.clock.seconds
        told = in_words(losses) + f"; validation {in_words(validation)}" * bool(validation)
        log.info(
            "step %d, %.0f s, %.0f%%: %s%s", progress.steps, progress.seconds, 100 * self.share,
            told, f"; {progress.skipped} steps left out" * bool(progress.skipped),
        )  # fmt: skip
        self._next_epoch(
            step=progress.steps,
            seconds=round(progress.seconds, 1),
            training=losses,
            validation=validation,
        )
        self.task.keep(progress)
        self.save()

    def done(self) -> dict[str, Any]:
        """Curves, and what the run came to."""
        self._draw_curves()
        self.accelerator.end_training()
        return {"seconds": round(self.clock.seconds, 1), "history": self.progress.history}

    def _time_share(self) -> float:
        left = self.settings.seconds - self.progress.begun
        return (self.clock.seconds - self.progress.begun) / left if left > 0 else 1.0

    def _share(self, step: int) -> float:
        by_steps = step / self.settings.steps if self.settings.steps else 0.0
        return min(1.0, max(self._time_share(), by_steps))

    def _rate(self, step: int) -> float:
        told = self.settings
        return rate_share(told.schedule, step, self._share(step), told.warmup, told.lowest)

    def _fitting(self, work: Callable[[], Result]) -> Result | None:
        """What some work gives; None, said, where the device has too little memory for it."""
        try:
            return work()
        except torch.OutOfMemoryError:
            log.warning("step %d left out: out of memory", self.progress.steps)
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            torch.cuda.empty_cache()
            return None
