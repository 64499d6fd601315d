"""What a training run is told: its settings, and the network and data it works on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn
from torch.utils.data import Dataset


@dataclass(frozen=True)
class LoopSettings:
    """What every training command lets its user choose; each is a flag of the same name.

    Attributes:
        out: folder for all that comes out.
        epochs: how often to go through the data.
        batch: samples a step and process.
        learning_rate: of Adam at the start; it falls to 0 along a half cosine.
        seed: of the weights, the order, the samples and the noise.
        workers: processes that prepare samples beside each training process.
        checkpoint_every: steps between checkpoints; one is also written after each epoch.
        mixed_precision: ``no``, ``fp16`` or ``bf16``.
        cpu: stay on the CPU though there is a GPU.
        resume: go on from the checkpoint in the run folder.
    """

    out: Path
    epochs: int
    batch: int
    learning_rate: float
    seed: int = 0
    workers: int = 0
    checkpoint_every: int = 200
    mixed_precision: str = "no"
    cpu: bool = False
    resume: bool = False

    def __post_init__(self) -> None:
        for name in ("epochs", "batch", "learning_rate", "checkpoint_every"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")


class Task(Protocol):
    """One network and what it learns from.

    Attributes:
        network: to be trained, with PyTorchModelHubMixin.
        training: map-style, indexed by sample numbers that go on counting over the epochs.
        validation: map-style, always the same samples.
        config: what else belongs into config.json and must not change on ``--resume``.
        weights_name: file name of the state dict.
    """

    network: nn.Module
    training: Dataset
    validation: Dataset
    config: dict[str, Any]
    weights_name: str

    def losses(self, network: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Named losses of a batch, scalars; ``total`` is the one that is minimised."""

    def finish(self, network: nn.Module, run: Path, settings: dict[str, Any]) -> None:
        """Write the sample sheet and the Hub folder of the best weights (in eval mode)."""
