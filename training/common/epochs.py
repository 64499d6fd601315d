"""A run in epochs over a data set, in which the best weights on held-out data are kept."""

import logging
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from training.common.clock import Clock
from training.common.facts import RunFacts, typed_command
from training.common.initialise import begin_with
from training.common.losses import mean_losses
from training.common.progress import SampleOrder, save_whole, write_json
from training.common.running_means import in_words
from training.common.runs import Run
from training.common.schedules import rate_share
from training.common.tasks import LoopSettings, Task

log = logging.getLogger(__name__)
# Settings that do not decide which weights come out.
FREE = ("out", "track", "resume", "workers", "checkpoint_every", "cpu", "more_epochs")


class EpochRun(Run):
    """A run of so many epochs.

    Raises:
        FileNotFoundError: there is no checkpoint to resume from.
        FileExistsError: the run folder holds another run's checkpoint.
        ValueError: the checkpoint was made with other settings, or there is too little data.
    """

    task: Task
    settings: LoopSettings

    def __init__(self, task: Task, settings: LoopSettings, clock: Clock | None = None) -> None:
        super().__init__(task, settings, clock, settings.mixed_precision)
        self.epochs, world = settings.epochs, self.accelerator.num_processes
        self.order = SampleOrder(len(task.training), settings.seed)
        self.steps = self.order.length // (settings.batch * world)
        if not self.steps:
            raise ValueError(
                f"{self.order.length} samples are too few for {world} batches of {settings.batch}"
            )
        kept = {name: value for name, value in asdict(settings).items() if name not in FREE}
        self.config = {**kept, **task.config, "world_size": world}
        self._read_progress()
        if settings.start_from and not settings.goes_on:
            begin_with(task.network, settings.start_from)
        self._prepare([torch.optim.Adam(task.network.parameters(), lr=settings.learning_rate)])
        self._prepare_data()
        self._load()
        self._open_folder()

    @property
    def over(self) -> bool:
        return self.progress.epoch >= self.epochs

    @property
    def share(self) -> float:
        return self.progress.steps / (self.epochs * self.steps)

    def batches(self) -> Iterator[Any]:
        progress = self.progress
        self.order.epoch = progress.epoch
        self.bar.set_description(f"epoch {progress.epoch + 1} of {self.epochs}")
        left = self.training
        if progress.step:
            left = self.accelerator.skip_first_batches(self.training, progress.step)
        for batch in left:
            self._step_seed()
            yield batch
            if progress.step % self.settings.checkpoint_every == 0:
                self.save()

    def validate(self) -> dict[str, float]:
        """Mean losses of the validation batches, gathered from all processes."""
        network, batches = self.judged.eval(), []
        with torch.inference_mode():
            for batch in self.validation:
                losses = self.task.losses(network, batch)
                values = self.accelerator.gather(torch.stack(list(losses.values()))[None]).mean(0)
                batches.append(dict(zip(losses, values.tolist(), strict=True)))
        return mean_losses(batches)

    def epoch_done(self, validation: dict[str, float]) -> None:
        """Note the losses, keep the weights if they are the best yet, write a checkpoint."""
        progress = self.progress
        number = progress.epoch + 1
        losses, step = self.means.read(), progress.steps
        self._next_epoch(epoch=number, step=step, training=losses, validation=validation)
        self._draw_curves()
        if self.accelerator.is_main_process:
            log.info("epoch %d: validation %s", number, in_words(validation))
            samples = self.folder / "epochs" / f"{number:03}"
            samples.mkdir(parents=True, exist_ok=True)
            self.task.draw_samples(self.accelerator.unwrap_model(self.judged).eval(), samples)
        if validation["total"] < progress.best:
            progress.best = validation["total"]
            if self.accelerator.is_main_process:
                weights = self.accelerator.unwrap_model(self.judged).state_dict()
                save_whole(weights, self.folder / self.task.weights_name)
        self.save()

    def done(self) -> dict[str, Any]:
        """Curves, metrics, and what the task makes of its best weights."""
        progress = self.progress
        metrics = {
            "world_size": self.accelerator.num_processes,
            "seconds": round(self.clock.tick(), 1),
            "best_validation_loss": progress.best,
            "final": progress.history[-1],
            "history": progress.history,
        }
        if self.accelerator.is_main_process:
            network = self.accelerator.unwrap_model(self.network).eval()
            best = torch.load(self.folder / self.task.weights_name, weights_only=True)
            network.load_state_dict(best)
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
            seconds=self.clock.seconds,
            steps=self.progress.steps,
            parameters=parameters,
        )

    def _expected(self, known: dict[str, Any]) -> dict[str, Any]:
        """A checkpoint's config; with ``more_epochs`` the run may have more."""
        if not self.settings.more_epochs:
            return known
        self.epochs = self.config["epochs"] = known["epochs"] + self.settings.more_epochs
        return known | {"epochs": self.epochs}

    def _prepare_data(self) -> None:
        settings = self.settings
        loader = {"batch_size": settings.batch, "num_workers": settings.workers}
        # A generator of its own: making an iterator must not use up the training's random numbers.
        training = DataLoader(
            self.task.training,
            sampler=self.order,
            drop_last=True,
            generator=torch.Generator(),
            **loader,
        )
        validation = DataLoader(self.task.validation, generator=torch.Generator(), **loader)
        self.training, self.validation = self.accelerator.prepare(training, validation)

    def _rate(self, step: int) -> float:
        share = step / (self.epochs * self.steps)
        return rate_share(self.settings.schedule, step, share, self.settings.warmup)
