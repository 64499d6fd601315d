"""What a verb gave is used again, and how near the verbs are to the networks."""

import traceback
from typing import Any

import numpy as np
import pytest
from photos import PROMPT, ZIDANE, starter_result, starter_swapper

from bgswap import (
    Background,
    BackgroundSwapper,
    SwapOptions,
    SwapResult,
)


@pytest.fixture(scope="module")
def swapper() -> BackgroundSwapper:
    return starter_swapper()


@pytest.fixture(scope="module")
def result() -> SwapResult:
    return starter_result()


def test_a_second_scene_finds_and_cuts_out_nobody_again(
    swapper: BackgroundSwapper, result: SwapResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter = swapper.models.matter().model
    monkeypatch.setattr(swapper.models, "finder", None)
    monkeypatch.setattr(matter, "matte", None)
    monkeypatch.setattr(BackgroundSwapper, "paint", lambda *_: [Background(None, "transparent")])
    again = swapper.swap(ZIDANE, "a beach", known=result.known)
    # With the networks gone, what is left is rounded to 0 unless the machine is busy.
    assert max(again.details["seconds"][stage] for stage in ("find", "matte")) < 0.1
    assert again.details["people"] == result.details["people"]
    assert np.array_equal(again.cutout, result.cutout)


def test_toggling_somebody_mattes_nobody_else(
    swapper: BackgroundSwapper, result: SwapResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = result.known.people
    photo = result.known.photo
    one = swapper.cut_out(photo, [first], [second])
    both = swapper.cut_out(photo, [first, second], earlier=one)
    assert both.mattes[0] is one.mattes[0]
    fresh = swapper.cut_out(photo, [first, second])
    assert np.array_equal(both.alpha, fresh.alpha)
    monkeypatch.setattr(swapper.models.matter().model, "matte", None)
    assert np.array_equal(
        swapper.cut_out(photo, [second], [first], earlier=both).alpha,
        swapper.cut_out(photo, [second], [first], earlier=fresh).alpha,
    )


def test_detection_and_matting_are_four_calls_away(
    swapper: BackgroundSwapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between ``swap`` and the networks stand at most four functions of this program."""
    depths: dict[str, int] = {}

    def reached(name: str, network: Any) -> None:
        def hook(*_: object) -> None:
            frames = traceback.extract_stack()
            ours = [f for f in frames if "/bgswap/" in f.filename]
            start = next(i for i, f in enumerate(ours) if f.name == "swap")
            depths.setdefault(name, len(ours) - start - 1)

        monkeypatch.setattr(network, "forward", _with(hook, network.forward))

    detector, matter = swapper.models.detector().model, swapper.models.matter().model
    reached("detection", detector._predictor.model.model)
    reached("matting", matter._network)
    swapper.swap(ZIDANE, PROMPT, options=SwapOptions(seed=1, steps=1))
    assert depths.keys() == {"detection", "matting"}
    assert max(depths.values()) <= 4, depths


def _with(hook: Any, function: Any) -> Any:
    def both(*arguments: object, **named: object) -> object:
        hook()
        return function(*arguments, **named)

    return both
