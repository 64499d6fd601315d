"""Timeouts for requests to hosts that may never answer."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from bgswap.errors import ModelUnavailable

T = TypeVar("T")

# Seconds without further requests to a host that did not answer.
RETRY_HOST_AFTER = 60.0

_unreachable: dict[str, tuple["Unreachable", float]] = {}


class Unreachable(ModelUnavailable):
    """A host does not answer.

    Attributes:
        host: its name.
        reason: the rest of a sentence that begins with the host's name.
    """

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(f"{host} {reason}")
        self.host, self.reason = host, reason


def run_with_timeout(seconds: float, work: Callable[[], T]) -> T:
    """Run ``work`` in a new thread and wait for it no longer than ``seconds``.

    Socket timeouts limit each read, but neither a whole request nor a name lookup; this limits
    all of it. Late work continues in its daemon thread: use this in short-lived processes.

    Args:
        seconds: maximum time to wait.
        work: the function to run.

    Raises:
        TimeoutError: it did not return in time.
        Exception: whatever ``work`` raised.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001  (raised again in the caller's thread)
            errors.append(error)

    thread = threading.Thread(target=run, name="weights-probe", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no answer within {seconds:g} s")
    return results[0]


def raise_if_unreachable(host: str) -> None:
    """Fail at once where a host did not answer a moment ago.

    Raises:
        Unreachable: it did not answer within the last minute.
    """
    error, until = _unreachable.get(host, (None, 0.0))
    if error is not None and time.monotonic() < until:
        raise Unreachable(error.host, error.reason)


def unreachable(host: str, reason: str) -> Unreachable:
    """The error for a host that did not answer; remembers the host."""
    error = Unreachable(host, reason)
    _unreachable[host] = (error, time.monotonic() + RETRY_HOST_AFTER)
    return error


def forget_unreachable() -> None:
    """Forget which hosts did not answer."""
    _unreachable.clear()


def probe_host(url: str, timeout: float) -> None:
    """Send a HEAD request to a host; any answer counts.

    Raises:
        Unreachable: there was none.
    """
    host = urlsplit(url).netloc
    try:
        request = Request(url, method="HEAD")
        run_with_timeout(timeout, lambda: urlopen(request, timeout=timeout).close())
    except HTTPError:
        pass  # an error status is an answer: the host is reachable
    except TimeoutError as error:
        raise unreachable(host, f"did not answer within {timeout:g} s") from error
    except OSError as error:
        raise unreachable(host, "cannot be reached") from error
