"""A run's time, over all the processes that work on it one after the other."""

import time
from collections.abc import Callable


class Clock:
    """Counts the seconds of a run.

    Args:
        now: gives seconds that only grow; a test gives a function of its own.

    Attributes:
        seconds: up to the last tick.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._last, self.seconds = now, now(), 0.0

    def tick(self) -> float:
        """Count what has passed since the last tick; the seconds in all."""
        now = self._now()
        self.seconds += now - self._last
        self._last = now
        return self.seconds

    def go_on_from(self, seconds: float) -> None:
        """Take up the time of an earlier process."""
        self.seconds, self._last = seconds, self._now()
