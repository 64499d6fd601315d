"""Running and stopping a swap, with a swapper that only takes its time."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bgswap import Progress, Stopped, SwapOptions
from bgswap.ui.service import SwapService


class Slow:
    """Tells of a step every 20 ms, but for a second in which it can be asked nothing."""

    list_people = None

    def __init__(self) -> None:
        self.ended = threading.Event()

    def swap(
        self, photo: Any, prompt: Any, people: Any, options: Any, tell: Any, known: Any
    ) -> str:
        try:
            for step in range(100):
                tell(Progress("scene", step, 100))
                time.sleep(1 if step == 3 else 0.02)
            return "a result"
        finally:
            self.ended.set()


@pytest.fixture
def swapper() -> Slow:
    return Slow()


@pytest.fixture
def service(swapper: Slow, tmp_path: Path) -> SwapService:
    return SwapService(swapper, tmp_path)


def swapping(service: SwapService) -> Any:
    return service.swapping(Path("x"), "a forest", "all", SwapOptions(), service.stop_mark())


def test_every_step_is_told_and_the_result_comes_last(service: SwapService) -> None:
    *steps, result = swapping(service)
    assert [progress.step for progress in steps] == list(range(100))
    assert result == "a result"
    assert not list(service.cache.iterdir()), "no mark is left"


def test_who_leaves_is_not_waited_for(service: SwapService, swapper: Slow) -> None:
    swap = swapping(service)
    while next(swap).step < 3:
        pass
    begun = time.monotonic()
    swap.close()
    assert time.monotonic() - begun < 0.5
    assert swapper.ended.wait(5), "but the work ends"
    assert time.monotonic() - begun < 3


def test_stop_is_told(service: SwapService) -> None:
    stop = service.stop_mark()
    with pytest.raises(Stopped):
        for progress in service.swapping(Path("x"), "a forest", "all", SwapOptions(), stop):
            if progress.step == 5:
                stop.touch()
    assert not stop.exists()


def test_names_of_folders_cannot_be_guessed(service: SwapService) -> None:
    names = {service.folder().name.removeprefix(service.PREFIX) for _ in range(3)}
    assert len(names) == 3
    assert all(len(name) == 32 for name in names)
