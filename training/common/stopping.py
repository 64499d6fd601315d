"""SIGTERM and SIGINT as a question that the training loop asks between two steps."""

import signal
from typing import Any

from accelerate import Accelerator

# Steps between two questions whether any of several processes was told to stop.
ASKED_EVERY = 10


class Stopping:
    """Between entering and leaving it, the two signals are noted and end nothing themselves."""

    def __init__(self) -> None:
        self._told = False
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Stopping":
        for number in (signal.SIGTERM, signal.SIGINT):
            self._handlers[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def due(self, accelerator: Accelerator, steps: int) -> bool:
        """Whether to stop after so many steps: all processes after the same one."""
        if accelerator.num_processes == 1:
            return self._told
        if steps % ASKED_EVERY:
            return False
        if self._told:
            accelerator.set_trigger()
        return accelerator.check_trigger()

    def _note(self, *_: object) -> None:
        self._told = True
