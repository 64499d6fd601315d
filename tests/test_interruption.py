"""Cancellation ends work inside a step, in the cancelled thread alone."""

import threading
import time

import pytest
import torch

from bgswap import Stopped, interruption
from bgswap.interruption import interruptible


class Slow(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(0.02)
        return x


NETWORK = torch.nn.Sequential(*[Slow() for _ in range(100)])


def stop() -> None:
    raise Stopped


def test_a_network_ends_in_the_middle() -> None:
    begun = time.monotonic()
    with pytest.raises(Stopped), interruptible(stop):
        NETWORK(torch.zeros(1))
    assert time.monotonic() - begun < 1
    NETWORK[:2](torch.zeros(1))  # and no longer afterwards


def test_other_threads_go_on() -> None:
    ended = []
    other = threading.Thread(target=lambda: ended.append(NETWORK[:20](torch.zeros(1))))
    with interruptible(stop):
        other.start()
        other.join()
    assert ended


def test_the_check_is_not_called_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "CHECK_PERIOD", 60.0)
    with interruptible(stop):
        NETWORK[:5](torch.zeros(1))
