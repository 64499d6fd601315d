"""A stand-in for Hugging Face's package ``spaces``: what its ZeroGPU does to a borrowed function.

Arguments, items and results are pickled, of an exception only the name of its class passes unless
it is Gradio's own, and what exceeds a visitor's quota is refused.
"""

import inspect
import pickle
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import gradio as gr

# Seconds a day, of a visitor without an account.
QUOTA = 120


def GPU(duration: int | Callable[..., int] = 60) -> Callable[..., Any]:
    """The decorator, for plain functions and for generator functions."""

    def lend(function: Callable[..., Any]) -> Callable[..., Any]:
        def items(*arguments: Any) -> Iterator[Any]:
            seconds = duration(*arguments) if callable(duration) else duration
            if seconds * 1.5 > QUOTA:
                raise gr.Error(f"{seconds} s requested vs. {QUOTA} s left", title="Quota exceeded")
            try:
                answer = function(*passed(arguments))
                for item in answer if inspect.isgenerator(answer) else [answer]:
                    yield passed(item)
            except gr.Error:
                raise
            except Exception as error:  # noqa: BLE001
                raise gr.Error(type(error).__name__, title="ZeroGPU worker error") from None

        @wraps(function)
        def plain(*arguments: Any) -> Any:
            return next(items(*arguments))

        return wraps(function)(items) if inspect.isgeneratorfunction(function) else plain

    return lend


def passed(value: Any) -> Any:
    """The value as it comes out at the other side of a process border."""
    return pickle.loads(pickle.dumps(value))


def gradio_auto_wrap(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gradio calls this for each handler."""
    return function
