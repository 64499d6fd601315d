"""Stops work when the client that waits for its answer has disconnected."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from gradio.context import LocalContext

Answer = TypeVar("Answer")
# Seconds between two looks whether the client is still there.
PATIENCE = 0.5


async def until_disconnect(work: Callable[[], Answer], stop: Path) -> Answer:
    """Run work in a thread, and let it stop when the client hangs up or cancels.

    Args:
        work: ends soon after a file is at ``stop``.
        stop: see :meth:`SwapService.swapping`.
    """
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        while not (await asyncio.wait({task}, timeout=PATIENCE))[0]:
            if not is_connected():
                stop.touch()
    except asyncio.CancelledError:
        stop.touch()
        # The queue lets the next one in only when this one is really over.
        await asyncio.gather(task, return_exceptions=True)
        raise
    return task.result()


def is_connected() -> bool:
    """Whether somebody still waits for the event that is being handled."""
    # Gradio marks the event of a client that has hung up; it has no public way to ask.
    blocks, event = LocalContext.blocks.get(), LocalContext.event_id.get()
    known = blocks._queue.event_ids_to_events.get(event) if blocks and event else None
    return known is None or known.alive
