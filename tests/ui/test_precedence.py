"""Scenes pause between their steps while people are found."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from bgswap import Progress, Stopped, SwapOptions
from bgswap.ui import gpu_tasks, precedence
from bgswap.ui.precedence import Precedence

PHOTO = np.zeros((4, 4, 3), np.uint8)


def seconds_of(work):
    start = time.monotonic()
    work()
    return time.monotonic() - start


def test_nothing_pauses_while_nothing_goes_first():
    pause = Precedence().pausing(lambda: pytest.fail("nothing to wait for"))
    assert seconds_of(pause) < 0.05


def test_a_pause_ends_with_the_work_that_goes_first():
    order = Precedence()
    began, end = threading.Event(), threading.Event()

    def find():
        with order.first():
            began.set()
            end.wait(10)

    finding = threading.Thread(target=find)
    finding.start()
    began.wait(10)
    threading.Timer(0.3, end.set).start()
    assert 0.2 < seconds_of(order.pausing(lambda: None)) < 5
    finding.join(10)


def test_all_pauses_of_a_swap_together_have_a_limit(monkeypatch):
    monkeypatch.setattr(precedence, "LONGEST", 0.3)
    order = Precedence()
    pause = order.pausing(lambda: None)
    with order.first():
        assert 0.25 < seconds_of(pause) < 2
        assert seconds_of(pause) < 0.05


def test_stop_reaches_into_a_pause():
    order, checks = Precedence(), []

    def check():
        checks.append(1)
        if len(checks) == 2:
            raise Stopped

    with order.first(), pytest.raises(Stopped):
        order.pausing(check)()


def test_work_that_fails_no_longer_goes_first():
    order = Precedence()
    with pytest.raises(ValueError, match="no"), order.first():
        raise ValueError("no")
    assert seconds_of(order.pausing(lambda: None)) < 0.05


def test_a_swap_gives_way_to_a_search_for_people(tmp_path, monkeypatch):
    monkeypatch.setattr(gpu_tasks, "PEOPLE_FIRST", Precedence())
    happened, painting, found = [], threading.Event(), threading.Event()

    def list_people(photo):
        painting.set()
        time.sleep(0.3)
        happened.append("found")
        return [], {}

    def swap(photo, prompt, people, options, tell, known):
        found_by.start()
        painting.wait(10)
        tell(Progress("scene", 1, 2))
        happened.append("painted")
        return "result"

    swapper = SimpleNamespace(list_people=list_people, swap=swap)
    listing = gpu_tasks.listing(swapper)
    found_by = threading.Thread(target=lambda: (list(listing(PHOTO, tmp_path / "a")), found.set()))
    swapping = gpu_tasks.swapping(swapper)
    *steps, result = swapping(tmp_path, "sea", "all", SwapOptions(), tmp_path / "b", None)
    assert result == "result" and len(steps) == 1
    assert found.wait(10) and happened == ["found", "painted"]
