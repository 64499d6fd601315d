"""Short work goes first: scenes pause between their steps while people are found or cut out."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Seconds that one swap pauses at most, all in all, and between two checks while it does.
LONGEST, PERIOD = 10.0, 0.1


class Precedence:
    """Counts the work that goes first. Safe to share between threads of one process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0

    @contextmanager
    def first(self) -> Iterator[None]:
        """Work to which others give way."""
        with self._changed:
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def pausing(self, check: Callable[[], None]) -> Callable[[], None]:
        """A function that pauses one swap while work that goes first is running.

        To be called where the swap holds no lock that such work needs.

        Args:
            check: called all the while; may raise :class:`bgswap.errors.Stopped`.
        """
        left = LONGEST

        def pause() -> None:
            nonlocal left
            while left > 0:
                start = time.monotonic()
                with self._changed:
                    free = self._changed.wait_for(lambda: not self._running, min(PERIOD, left))
                left -= time.monotonic() - start
                if free:
                    return
                check()

        return pause
