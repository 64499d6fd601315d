"""What a training run is told: its settings, and the network and data it works on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import Dataset

from training.common.compiled import Compiled
from training.common.facts import DataFacts, RunFacts
from training.common.progress import Progress
from training.common.schedules import Schedule


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What every run is told.

    Attributes:
        out: folder for all that comes out.
        schedule: ``cosine`` falls to 0 along a half cosine, ``linear`` in a line, ``constant``
            stays.
        warmup: steps over which the learning rate rises from 0.
        ema: decay of the moving average of the weights, which is then what is validated and
            kept; 0 takes the weights themselves.
        seed: of the weights, the order, the samples and the noise.
        cpu: stay on the CPU though there is a GPU.
        resume: go on from the checkpoint in the run folder.
        track: where curves are sent beside the run folder, such as ``tensorboard``.
    """

    out: Path = field(kw_only=False)
    schedule: Schedule = "cosine"
    warmup: int = 0
    ema: float = 0.0
    seed: int = 0
    cpu: bool = False
    resume: bool = False
    track: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether there was a run before, whose checkpoint this one takes up."""
        return self.resume

    def _check(self, above_zero: Sequence[str], not_negative: Sequence[str]) -> None:
        for name in above_zero:
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in not_negative:
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema must be in [0, 1), got {self.ema}")


@dataclass(frozen=True, kw_only=True)
class LoopSettings(RunSettings):
    """Of a run that lasts so many epochs; each is a flag of the same name.

    Attributes:
        epochs: how often to go through the data.
        batch: samples a step and process.
        learning_rate: of Adam after the warm-up.
        workers: processes that prepare samples beside each training process.
        checkpoint_every: steps between checkpoints; one is also written after each epoch.
        mixed_precision: ``no``, ``fp16`` or ``bf16``.
        start_from: trained weights to begin with, a folder in Hub layout or ``owner/name``.
        more_epochs: go on from there for so many epochs more than the run was to have.
    """

    epochs: int
    batch: int
    learning_rate: float
    workers: int = 0
    checkpoint_every: int = 200
    mixed_precision: Literal["no", "fp16", "bf16"] = "no"
    start_from: str = ""
    more_epochs: int = 0

    def __post_init__(self) -> None:
        above_zero = ("epochs", "batch", "learning_rate", "checkpoint_every")
        self._check(above_zero, ("warmup", "more_epochs"))

    @property
    def goes_on(self) -> bool:
        return self.resume or self.more_epochs > 0


@dataclass(frozen=True, kw_only=True)
class TimedSettings(RunSettings):
    """Of a run that lasts so many seconds or steps, whichever is over first.

    The learning rate falls over that. Where the network is compiled, ``uncounted`` keeps the rate
    at its top while that goes on.

    Attributes:
        seconds: of the run's clock at which it ends; may be infinite where ``steps`` is given.
        steps: at most so many; 0 for no such end.
        state: folder of the checkpoints, where it is not ``out``.
        lowest: share of the learning rate below which it does not fall.
        ramp: the moving average is shorter in the first steps.
        clip: largest norm of the gradient; 0 takes it as it is.
        finite_only: leave out steps whose gradient is not finite; asks the device at each step.
        interval: seconds between two validations, exports and checkpoints.
        uncounted: first steps of a process, in which things are compiled, whose time passes
            without bringing the schedule forward.
        validate_first: validate and keep the weights that the run begins with.
    """

    seconds: float
    steps: int = 0
    state: Path | None = None
    lowest: float = 0.0
    ramp: bool = True
    clip: float = 0.0
    finite_only: bool = False
    interval: float = 60.0
    uncounted: int = 0
    validate_first: bool = False

    def __post_init__(self) -> None:
        self._check(("seconds", "interval"), ("steps", "warmup", "clip", "uncounted"))
        if self.seconds == float("inf") and not self.steps:
            raise ValueError("a run needs an end, in seconds or steps")


class Task(Protocol):
    """One network and what it learns from, in epochs.

    Attributes:
        network: to be trained, with PyTorchModelHubMixin.
        training: map-style, indexed by sample numbers that go on counting over the epochs.
        validation: map-style, always the same samples.
        config: what else belongs into config.json and must not change on ``--resume``.
        weights_name: file name of the state dict.
        data: what the samples are made of, for the model card.
        step: training steps done, set by the loop before each.
    """

    network: nn.Module
    training: Dataset
    validation: Dataset
    config: dict[str, Any]
    weights_name: str
    data: list[DataFacts]
    step: int

    def losses(self, network: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Named losses of a batch, scalars; ``total`` is the one that is minimised."""

    def draw_samples(self, network: nn.Module, folder: Path) -> None:
        """Write sheets of what a network (in eval mode) makes of held-out samples."""

    def finish(self, network: nn.Module, run: Path, facts: RunFacts) -> None:
        """Write the sheets and the Hub folder of the best weights (in eval mode)."""


class TimedTask(Protocol):
    """One network and what makes its batches, for as long as the run lasts.

    Attributes:
        network: to be trained; on the device, as its data are.
        average: what is validated and kept, set by the loop; the network itself without average.
        config: what belongs into config.json and must not change on ``--resume``.
        compiled: the functions to go on without where torch.compile fails.
        others: what else is trained or counts: has ``state_dict`` and ``load_state_dict``.
        step: training steps done, set by the loop before each.
    """

    network: nn.Module
    average: nn.Module
    config: dict[str, Any]
    compiled: Sequence[Compiled]
    others: Sequence[Any]
    step: int

    def optimizers(self) -> list[Optimizer]:
        """With the highest learning rate of each group of weights."""

    def batch(self, seed: int, share: float) -> Any:
        """A batch, a function of the seed (from 0) and of the share of the run that is over.

        The loop has seeded torch's own generators with it too.
        """

    def losses(self, network: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Named losses of a batch, scalars; ``total`` is the one that is minimised."""

    def validate(self) -> dict[str, float]:
        """Figures of the average on held-out data; empty where there are none."""

    def keep(self, progress: Progress) -> None:
        """Write the average; ``progress.history`` ends with its losses and figures."""
