"""A training stage's time: it ends by the clock, or after a number of steps."""

import time


class Clock:
    """Counts a stage's steps and how much of its time is over.

    The first steps, in which things are compiled, take time off the stage but do not count as
    progress, so that a learning rate planned by :attr:`done` falls from its top.

    Args:
        until: ``time.monotonic()`` at which the stage ends.
        steps: at most so many steps.
        done: the share that was over when the stage was stopped before.
        step: the steps that were made before.
    """

    UNCOUNTED = 3

    def __init__(
        self, until: float, steps: int | None = None, done: float = 0.0, step: int = -1
    ) -> None:
        self.until, self.steps, self.before = until, steps, done
        self.step, self.made, self.done = step, -1, done
        self.start = time.monotonic()

    def going(self) -> bool:
        """Begin the next step, unless the stage is over."""
        now = time.monotonic()
        self.step, self.made = self.step + 1, self.made + 1
        if self.made <= self.UNCOUNTED:
            self.start = now
        share = (now - self.start) / max(self.until - self.start, 1e-6)
        if self.steps is not None:
            share = max(share, self.made / self.steps)
        self.done = min(1.0, self.before + (1 - self.before) * share)
        return now < self.until and self.done < 1

    def __str__(self) -> str:
        pace = (self.made - self.UNCOUNTED) / max(time.monotonic() - self.start, 1e-6)
        return f"step {self.step}, {self.done:.0%}, {max(pace, 0):.2f} steps/s"
