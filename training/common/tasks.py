"""What a training run is told: its settings, and the network and data it works on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from torch import Tensor, nn
from torch.utils.data import Dataset

from training.common.facts import DataFacts, RunFacts


@dataclass(frozen=True)
class LoopSettings:
    """What every training command lets its user choose; each is a flag of the same name.

    Attributes:
        out: folder for all that comes out.
        epochs: how often to go through the data.
        batch: samples a step and process.
        learning_rate: of Adam after the warm-up.
        schedule: ``cosine`` falls to 0 along a half cosine, ``constant`` stays.
        warmup: steps over which the learning rate rises from 0.
        ema: decay of the moving average of the weights, which is then what is validated and
            kept; 0 takes the weights themselves.
        seed: of the weights, the order, the samples and the noise.
        workers: processes that prepare samples beside each training process.
        checkpoint_every: steps between checkpoints; one is also written after each epoch.
        mixed_precision: ``no``, ``fp16`` or ``bf16``.
        cpu: stay on the CPU though there is a GPU.
        start_from: trained weights to begin with, a folder in Hub layout or ``owner/name``.
        resume: go on from the checkpoint in the run folder.
        more_epochs: go on from there for so many epochs more than the run was to have.
    """

    out: Path
    epochs: int
    batch: int
    learning_rate: float
    schedule: Literal["cosine", "constant"] = "cosine"
    warmup: int = 0
    ema: float = 0.0
    seed: int = 0
    workers: int = 0
    checkpoint_every: int = 200
    mixed_precision: str = "no"
    cpu: bool = False
    start_from: str = ""
    resume: bool = False
    more_epochs: int = 0

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "learning_rate", "checkpoint_every"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        for name in ("warmup", "more_epochs"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema must be in [0, 1), got {self.ema}")

    @property
    def goes_on(self) -> bool:
        """Whether there was a run before, whose checkpoint this one takes up."""
        return self.resume or self.more_epochs > 0


class Task(Protocol):
    """One network and what it learns from.

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

    def finish(self, network: nn.Module, run: Path, facts: RunFacts) -> None:
        """Write the sample sheet and the Hub folder of the best weights (in eval mode)."""
