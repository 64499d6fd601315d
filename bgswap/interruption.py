"""Cancellation inside a step: one step of a swap can take longer than a user wants to wait."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Seconds between two calls of the check.
CHECK_PERIOD = 0.1


@contextmanager
def interruptible(check: Callable[[], None]) -> Iterator[None]:
    """Call ``check`` repeatedly while networks run in this thread.

    Args:
        check: raises :class:`Stopped` to end the work; called before a layer runs, ten times a
            second at most.
    """
    from torch.nn.modules.module import register_module_forward_pre_hook

    thread, last = threading.get_ident(), time.monotonic()

    def before_layer(module: object, inputs: object) -> None:
        nonlocal last
        if threading.get_ident() == thread and time.monotonic() - last > CHECK_PERIOD:
            last = time.monotonic()
            check()

    hook = register_module_forward_pre_hook(before_layer)
    try:
        yield
    finally:
        hook.remove()
