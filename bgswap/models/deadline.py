"""Hard deadlines for hosts that may never answer."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from bgswap.errors import ModelUnavailable

T = TypeVar("T")

# Seconds for which a host that did not answer is not asked again.
MEMORY = 60.0

_silent: dict[str, tuple["Unreachable", float]] = {}


class Unreachable(ModelUnavailable):
    """A host does not answer.

    Attributes:
        host: its name.
        reason: what it does instead; the end of a sentence about it.
    """

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host} {reason}")
        self.host, self.reason = host, reason


def within(seconds: float, work: Callable[[], T]) -> T:
    """Run ``work`` in a thread of its own and wait for it no longer than ``seconds``.

    The timeouts of sockets bound each read, not a whole request, and bound no name lookup; this
    bounds all of it. Work that is late goes on in its daemon thread until its process ends: for
    processes that end soon.

    Args:
        seconds: how long to wait.
        work: what to do.

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
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return results[0]


def refuse_if_silent(host: str) -> None:
    """Spare a host that did not answer a moment ago, and whoever would wait for it.

    Raises:
        Unreachable: it did not answer within the last minute.
    """
    error, until = _silent.get(host, (None, 0.0))
    if error is not None and time.monotonic() < until:
        raise Unreachable(error.host, error.reason)


def unreachable(host: str, reason: str) -> Unreachable:
    """The error for a host that did not answer, which is remembered."""
    error = Unreachable(host, reason)
    _silent[host] = (error, time.monotonic() + MEMORY)
    return error


def forget() -> None:
    """Forget which hosts were silent."""
    _silent.clear()


def ask(url: str, timeout: float) -> None:
    """Ask a host for the head of anything; any answer will do.

    Raises:
        Unreachable: none came.
    """
    host = urlsplit(url).netloc
    try:
        request = Request(url, method="HEAD")
        within(timeout, lambda: urlopen(request, timeout=timeout).close())
    except HTTPError:
        pass  # an answer, whichever: the host is there
    except TimeoutError as error:
        raise unreachable(host, f"did not answer within {timeout:g} s") from error
    except OSError as error:
        raise unreachable(host, "cannot be reached") from error
