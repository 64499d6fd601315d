"""The two lanes of the queue, and what a visitor is told who waits in one."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.queueing import Queue

from bgswap.ui import fragments
from bgswap.ui.texts import text

# One job at a time in each, whether the page or a program asked for it: people are found and cut
# out while another visitor's scene is painted.
PEOPLE: dict[str, Any] = {"concurrency_id": "people", "concurrency_limit": 1}
SCENES: dict[str, Any] = {"concurrency_id": "scenes", "concurrency_limit": 1}
# Telling a visitor about a lane waits in none.
WAITING: dict[str, Any] = {"concurrency_id": "waiting", "concurrency_limit": None}
# Seconds between two looks at the queue, and until a job that was just asked for must be in it.
PERIOD, GRACE = 0.5, 2.0


@dataclass(frozen=True)
class Place:
    """Where a job is in its lane.

    Attributes:
        number: 1 is the next.
        waiting: jobs that wait in the lane.
        seconds: until it begins, from the mean time of earlier jobs of each kind; None: unknown.
    """

    number: int
    waiting: int
    seconds: float | None

    def __str__(self) -> str:
        expected = "" if self.seconds is None else f" · ≈ {self.seconds:.0f} s"
        return f"{self.number} / {self.waiting}{expected}"


def place_of(queue: Queue, lane: dict[str, Any], visitor: str | None) -> Place | None:
    """The place of a visitor's first job in a lane; None where none of theirs waits there.

    Args:
        queue: Gradio's, which has no public way to ask.
        lane: :data:`PEOPLE` or :data:`SCENES`.
        visitor: Gradio's session hash.
    """
    jobs = queue.event_queue_per_concurrency_id.get(lane["concurrency_id"])
    waiting = [] if jobs is None else list(jobs.queue)
    index = next((i for i, job in enumerate(waiting) if job.session_hash == visitor), None)
    if jobs is None or index is None:
        return None
    started = [(kind, at) for kind, times in jobs.start_times_per_fn.items() for at in times]
    means = {kind: spent.avg_time for kind, spent in queue.process_time_per_fn.items()}
    ahead = [job.fn for job in waiting[:index]]
    if any(kind not in means for kind in [*ahead, *(kind for kind, _ in started)]):
        return Place(index + 1, len(waiting), None)
    running = sum(max(at + means[kind] - time.time(), 0) for kind, at in started)
    return Place(index + 1, len(waiting), running + sum(means[kind] for kind in ahead))


def telling_place(lane: dict[str, Any]) -> Callable[[gr.Request], AsyncIterator[Any]]:
    """A handler that tells the visitor's place and expected wait until the job begins."""

    async def tell(request: gr.Request) -> AsyncIterator[Any]:
        blocks = LocalContext.blocks.get()
        assert blocks is not None  # an event is being handled
        since, told = time.monotonic(), ""
        while True:
            place = place_of(blocks._queue, lane, request.session_hash)
            if place is None and (told or time.monotonic() - since > GRACE):
                # Gradio sends the last value again when a generator ends: this one changes nothing.
                yield gr.skip()
                return
            if place is not None and str(place) != told:
                told = str(place)
                yield fragments.idle(f"{text('queue_place')} {told}")
            await asyncio.sleep(PERIOD)

    return tell
