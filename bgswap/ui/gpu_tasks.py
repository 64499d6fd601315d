"""Work that runs models, as generator functions: what ZeroGPU runs on a borrowed GPU."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from bgswap import (
    BackgroundSwapper,
    BadInput,
    NoPersonDetected,
    Person,
    Progress,
    Stopped,
    SwapOptions,
    SwapResult,
)
from bgswap.interruption import interruptible
from bgswap.selection import Choice
from bgswap.types import Cutout, Strokes
from bgswap.ui.photo_cache import Known
from bgswap.ui.precedence import Precedence

# Finding and cutting out takes a second or two: the scenes of other visitors give way to it.
PEOPLE_FIRST = Precedence()


def listing(swapper: BackgroundSwapper) -> Callable[..., Iterator[Any]]:
    """Finds everyone: gives the people and the details."""

    def listing(photo: np.ndarray, stop: Path) -> Iterator[tuple[list[Person], dict[str, Any]]]:
        with _people_first(stop):
            found = swapper.list_people(photo)
        yield found

    return listing


def cutting(swapper: BackgroundSwapper) -> Callable[..., Iterator[Known]]:
    """Cuts out who stays, with strokes; people painted where nobody is are added and stay.

    Where nobody stays it gives the people alone.
    """

    def cutting(
        photo: np.ndarray, kept: Sequence[int], strokes: Strokes, stop: Path, known: Known | None
    ) -> Iterator[Known]:
        from bgswap.matting.painted_people import painted_people

        with _people_first(stop):
            people = _people(swapper, photo, known)
            if strokes.keep is None:
                # Who was only painted goes with the strokes.
                people = [person for person in people if not person.painted]
            added = painted_people(photo, people, strokes.keep)
            stay = [person for person in people if person.number in kept] + added
            if not stay:
                cut: Known = people
            else:
                others = [person for person in people if person.number not in kept]
                earlier = known if isinstance(known, Cutout) else None
                cut = swapper.cut_out(photo, stay, others, strokes=strokes, earlier=earlier)
        yield cut

    return cutting


def searching(swapper: BackgroundSwapper) -> Callable[..., Iterator[list[Person]]]:
    """Looks for somebody at a point: gives everyone, the new one last."""

    def searching(
        photo: np.ndarray, point: tuple[float, float], stop: Path, known: Known | None
    ) -> Iterator[list[Person]]:
        with _people_first(stop):
            people = _people(swapper, photo, known)
            segmenter = swapper.models.segmenter()
            segment = segmenter.model.segment if segmenter else None
            found = swapper.models.finder().find_at(photo, point, people, segment)
        yield [*people, found] if found else people

    return searching


def splitting(swapper: BackgroundSwapper) -> Callable[..., Iterator[list[Person]]]:
    """Tells two people apart who were found as one: gives everyone, the new one last."""

    def splitting(
        photo: np.ndarray,
        number: int,
        points: Sequence[tuple[float, float]],
        stop: Path,
        known: Known | None,
    ) -> Iterator[list[Person]]:
        with _people_first(stop):
            people = _people(swapper, photo, known)
            whole = next((person for person in people if person.number == number), None)
            if whole is None:
                raise BadInput("This person is no longer known: drop the photo again")
            first, second = swapper.models.finder().split(photo, whole, points)
            after = max(person.number for person in people) + 1
            rest = [first if person is whole else person for person in people]
        yield [*rest, replace(second, number=after)]

    return splitting


def swapping(swapper: BackgroundSwapper) -> Callable[..., Iterator[Progress | SwapResult]]:
    """Runs a swap: gives its progress step by step, the result last."""

    def swapping(
        photo: Path,
        prompt: str,
        people: Choice,
        options: SwapOptions,
        stop: Path,
        known: Known | None,
    ) -> Iterator[Progress | SwapResult]:
        events: SimpleQueue[Progress | None] = SimpleQueue()
        pause = PEOPLE_FIRST.pausing(partial(_check, stop))

        def tell(progress: Progress) -> None:
            _check(stop)
            events.put(progress)
            pause()

        def work() -> SwapResult:
            with _until(stop):
                return swapper.swap(photo, prompt, people, options, tell, known=known)

        pool = ThreadPoolExecutor(1)
        future = pool.submit(work)
        future.add_done_callback(lambda _: events.put(None))
        try:
            while (event := events.get()) is not None:
                yield event
            yield future.result()
        finally:
            # Reached early when the visitor leaves. Gradio closes this in the thread that answers
            # everybody: the rest is not waited for.
            if not future.done():
                stop.touch()
            pool.shutdown(wait=False)

    return swapping


def _people(swapper: BackgroundSwapper, photo: np.ndarray, known: Known | None) -> list[Person]:
    if known is not None:
        return known.people if isinstance(known, Cutout) else list(known)
    with suppress(NoPersonDetected):
        return swapper.find_people(photo)
    return []


@contextmanager
def _until(stop: Path) -> Iterator[None]:
    """Work that ends soon after a file is at ``stop``; the file is deleted in the end."""
    try:
        with interruptible(partial(_check, stop)):
            yield
    finally:
        stop.unlink(missing_ok=True)


@contextmanager
def _people_first(stop: Path) -> Iterator[None]:
    """As :func:`_until`, for work that scenes give way to."""
    with PEOPLE_FIRST.first(), _until(stop):
        yield


def _check(stop: Path) -> None:
    # A file and no threading.Event: it also reaches into the process that ZeroGPU forks.
    if stop.exists():
        raise Stopped
