"""GPUs on loan, as Hugging Face Spaces lend them on ZeroGPU hardware; elsewhere nothing happens.

A borrowed function runs in a worker process. Its arguments and results are pickled, and of an
exception only the name of its class comes back, unless it is Gradio's own.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import wraps
from math import ceil
from typing import Any

from bgswap.backgrounds.diffusion.second_pass import steps_in_all
from bgswap.backgrounds.search import MOST_RETRIES
from bgswap.errors import BgSwapError
from bgswap.options import SwapOptions
from bgswap.presets import PRESETS, ScenePreset

log = logging.getLogger(__name__)

# Set by Hugging Face Spaces on ZeroGPU hardware.
ZERO_GPU = bool(os.environ.get("SPACES_ZERO_GPU"))
WENT_WRONG = "Something went wrong on our side. It has been logged; please try again."

# Seconds. A visitor's daily quota is 2 minutes without an account and 5 with one, and the platform
# compares 1.5 times what is asked for with what is left of it.
FIND_SECONDS = 10
LEAST_SECONDS, MOST_SECONDS = 8.0, 60
SECONDS_A_STEP = 0.2

GpuTask = Callable[..., Iterator[Any]]


@dataclass(frozen=True)
class Failure:
    """How a borrowed function failed, as plain values that can be pickled.

    Attributes:
        kind: class of the error.
        text: its message, fit to show to a user.
    """

    kind: type[BgSwapError]
    text: str


def steps_of(options: SwapOptions) -> int:
    """Steps of one scene; where the preset is left open, a GPU gets the one for quality.

    None where something else stands behind the people.
    """
    if options.background or options.background_picture:
        return 0
    return options.steps or _row(options).steps


def _row(options: SwapOptions) -> ScenePreset:
    return PRESETS.get(options.preset, PRESETS["quality"])


def swap_seconds(
    photo: object, prompt: str, people: object, options: SwapOptions, stop: object, known: object
) -> int:
    """How long a swap may borrow the GPU; takes what the swap takes."""
    steps = (options.variations + MOST_RETRIES) * steps_of(options)
    if options.second_pass == "on":
        steps += options.variations * steps_in_all(steps_of(options), _row(options).second_pass)
    return min(MOST_SECONDS, ceil(LEAST_SECONDS + SECONDS_A_STEP * steps))


def without_second_pass(options: SwapOptions) -> SwapOptions:
    """The options, with ``auto`` resolved for a GPU on loan: without a second pass."""
    return replace(options, second_pass="off") if options.second_pass == "auto" else options


def on_gpu(function: GpuTask, seconds: int | Callable[..., int]) -> GpuTask:
    """Borrow a GPU while a generator function runs, where the platform lends them.

    Args:
        function: a generator function whose arguments and items can be pickled.
        seconds: how long it may take, or a function of its arguments that says so.

    Returns:
        A generator function that gives the same items and raises the same :class:`BgSwapError`.
    """
    if not ZERO_GPU:
        return function
    import spaces

    @wraps(function)
    def in_worker(*arguments: Any) -> Iterator[Any]:
        try:
            yield from function(*arguments)
        except BgSwapError as error:
            yield Failure(type(error), str(error))
        except Exception:
            log.exception("a borrowed function failed")
            yield Failure(BgSwapError, WENT_WRONG)

    lent = spaces.GPU(duration=seconds)(in_worker)

    @wraps(function)
    def outside(*arguments: Any) -> Iterator[Any]:
        for item in lent(*arguments):
            if isinstance(item, Failure):
                raise item.kind(item.text)
            yield item

    return outside
