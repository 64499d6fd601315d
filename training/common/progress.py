"""Where a run stands, and the files that tell it."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Sampler


class SampleOrder(Sampler[int]):
    """Sample numbers of one epoch, shuffled by seed and epoch; they go on counting over epochs."""

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed, self.epoch = length, seed, 0

    def __iter__(self) -> Iterator[int]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.length)
        return iter((order + self.epoch * self.length).tolist())

    def __len__(self) -> int:
        return self.length


@dataclass
class Progress:
    """Where a run stands; goes into the checkpoint.

    Attributes:
        epoch: epochs that are over; of a timed run, intervals.
        step: steps of this epoch.
        steps: in all.
        skipped: of these, how many changed nothing.
        best: validation loss so far.
        sums: of this epoch's losses, with counts.
        recent: of those since the last point of the curve.
        history: losses and figures of each epoch.
        curve: mean training losses of every few steps, with the step.
        seconds: of the run's clock.
        begun: of the clock as the schedule of a timed run began.
        due: of the clock at which an interval ends.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    skipped: int = 0
    best: float = math.inf
    sums: dict[str, list[float]] = field(default_factory=dict)
    recent: dict[str, list[float]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    curve: list[dict[str, float]] = field(default_factory=list)
    seconds: float = 0.0
    begun: float = 0.0
    due: float = 0.0


def save_whole(state: object, path: Path) -> None:
    """Save whole or not at all: a run may end at any moment."""
    half = path.with_suffix(".part")
    torch.save(state, half)
    half.replace(path)


def write_json(path: Path, value: object) -> None:
    """Write JSON for people to read."""
    path.write_text(json.dumps(value, indent=2) + "\n")
