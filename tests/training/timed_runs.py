"""Timed runs on a clock that a test can trust, interrupted and resumed."""

import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from training.common import saved_states
from training.common.clock import Clock
from training.common.loop import train_for
from training.common.tasks import TimedSettings, TimedTask


def ticking() -> Clock:
    """A clock that counts one second a tick."""
    return Clock(itertools.count().__next__)


def interrupt_at(task: TimedTask, step: int) -> None:
    """Have the process told to end while it draws the batch of that step, counted from 0."""
    batch = task.batch

    def watched(seed: int, share: float) -> object:
        if task.step == step:
            os.kill(os.getpid(), signal.SIGTERM)
        return batch(seed, share)

    task.batch = watched


def assert_resumes(
    make: Callable[[Path], TimedTask],
    settings: Callable[..., TimedSettings],
    step: int,
    folder: Path,
    state: Path = Path(),
) -> None:
    """An interrupted and resumed run ends with the states of one that was not.

    Args:
        make: the task of a run's folder.
        settings: of a run's folder; takes ``resume``.
        step: that is interrupted.
        folder: for both runs.
        state: folder of the checkpoints in that of a run.
    """
    whole, parts = folder / "whole", folder / "parts"
    expected = train_for(make(whole), settings(whole), ticking())
    task = make(parts)
    interrupt_at(task, step)
    with pytest.raises(SystemExit):
        train_for(task, settings(parts), ticking())
    resumed = train_for(make(parts), settings(parts, resume=True), ticking())
    assert resumed == expected, (resumed, expected)
    ends = [saved_states.newest(run / state) for run in (whole, parts)]
    names = sorted(path.name for path in ends[0].glob("*.safetensors"))
    assert names == sorted(path.name for path in ends[1].glob("*.safetensors"))
    for name in names:
        first, second = (load_file(end / name) for end in ends)
        assert first.keys() == second.keys()
        changed = [key for key in first if not torch.equal(first[key], second[key])]
        assert not changed, name
    begun = load_file(saved_states.newest(whole / state) / names[0])
    fresh = make(folder / "fresh").network.state_dict()
    assert any(not torch.equal(begun[key], fresh[key]) for key in begun), "nothing was learned"
