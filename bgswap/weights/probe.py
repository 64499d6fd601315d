"""Hard deadlines for hosts that may never answer."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from bgswap.errors import ModelUnavailable

T = TypeVar("T")

# Seconds for which a host that did not answer is not asked again.
MEMORY = 60.0

_silent: dict[str, tuple[str, float]] = {}


def within(seconds: float, work: Callable[[], T], heard: Callable[[], float] | None = None) -> T:
    """Run ``work`` in a thread of its own and wait for it no longer than ``seconds``.

    The timeouts of sockets bound each read, not a whole request, and bound no name lookup; this
    bounds all of it. Work that is late goes on in its daemon thread, and nobody hears of it.

    Args:
        seconds: how long to wait.
        work: what to do.
        heard: when work last gave a sign of life (``time.monotonic``), to wait from there.

    Raises:
        TimeoutError: it is not done in time.
        Exception: whatever ``work`` raised.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001  (it is raised again in the caller's thread)
            errors.append(error)

    thread = threading.Thread(target=run, name="weights-probe", daemon=True)
    start = time.monotonic()
    thread.start()
    while thread.is_alive():
        left = max(start, heard() if heard else start) + seconds - time.monotonic()
        if left <= 0:
            break
        thread.join(left)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return results[0]


def refuse_if_silent(host: str) -> None:
    """Spare a host that did not answer a moment ago, and whoever would wait for it.

    Raises:
        ModelUnavailable: it did not answer within the last minute.
    """
    why, until = _silent.get(host, ("", 0.0))
    if time.monotonic() < until:
        raise ModelUnavailable(why)


def unreachable(host: str, why: str) -> ModelUnavailable:
    """The error for a host that did not answer, which is remembered."""
    message = f"{host} {why}"
    _silent[host] = (message, time.monotonic() + MEMORY)
    return ModelUnavailable(message)


def forget() -> None:
    """Forget which hosts were silent."""
    _silent.clear()
