"""Worker processes on this machine: started, fed, watched, replaced when they die, ended."""

import logging
import multiprocessing
import os
import queue
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from bgswap.batch.jobs import Job
from bgswap.batch.manifest import Outcome
from bgswap.batch.reading import Photo
from bgswap.batch.worker import Worker, WorkerFactory, bug
from bgswap.errors import BgSwapError
from bgswap.models.process import end_with_parent

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProcessConfig:
    """How worker processes are handled.

    Attributes:
        ahead: jobs a worker holds: one that is made, the rest read meanwhile. One is enough while
            reading takes less time than making.
        most_deaths: times a job may take its worker with it. The second time nothing else was in
            that process, so that it is the job's.
        most_false_starts: workers in a row that may end before they are ready.
        patience: seconds that workers get to end by themselves when all is done.
    """

    ahead: int = 2
    most_deaths: int = 2
    most_false_starts: int = 3
    patience: float = 5.0


class WorkersFail(BgSwapError):
    """The worker processes cannot be started."""


@dataclass(eq=False)
class _Process:
    """A worker process as its parent sees it."""

    place: int
    process: multiprocessing.process.BaseProcess
    connection: Connection
    ready: bool = False
    jobs: deque[Job] = field(default_factory=deque)


class Pool:
    """Worker processes, one a place; gives outcomes as they come.

    Args:
        factory: makes the worker inside each process.
        places: environment variables of each process, set before it starts; as many processes.
        config: see :class:`ProcessConfig`.
    """

    def __init__(
        self,
        factory: WorkerFactory,
        places: Sequence[Mapping[str, str]],
        config: ProcessConfig | None = None,
    ) -> None:
        self._factory, self._places = factory, places
        self._config = config or ProcessConfig()
        self._deaths: dict[str, int] = {}
        self._false_starts = 0
        self._processes: list[_Process] = []

    def __call__(self, jobs: Sequence[Job]) -> Generator[Outcome, None, None]:
        """The outcomes of all jobs, one each, as they come.

        Closing the iterator ends the processes at once, with what they were at.

        Raises:
            WorkersFail: the processes end before they are ready.
        """
        waiting = deque(jobs)
        try:
            for place in range(min(len(self._places), len(jobs))):
                self._start(place)
            while waiting or any(process.jobs for process in self._processes):
                for process in self._processes:
                    self._feed(process, waiting)
                yield from self._heard(waiting)
            self._end_politely()
        finally:
            for process in self._processes:
                process.process.kill()
                process.process.join()
                process.connection.close()
            self._processes.clear()

    def _start(self, place: int) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_work, args=(theirs, self._factory), name=f"bgswap-worker-{place}", daemon=True
        )
        with _inherited(self._places[place]):
            process.start()
        theirs.close()
        self._processes.append(_Process(place, process, ours))

    def _feed(self, process: _Process, waiting: deque[Job]) -> None:
        """Give a worker what it can hold; a job whose worker died once goes alone."""
        while process.ready and waiting and len(process.jobs) < self._config.ahead:
            alone = any(job.id in self._deaths for job in (waiting[0], *process.jobs))
            if alone and process.jobs:
                return
            process.jobs.append(waiting.popleft())
            # Where it has just died, its end is heard next.
            with suppress(OSError):
                process.connection.send(process.jobs[-1])

    def _heard(self, waiting: deque[Job]) -> Iterator[Outcome]:
        by_connection: dict[Any, _Process] = {p.connection: p for p in self._processes}
        for connection in wait(list(by_connection)):
            process = by_connection[connection]
            try:
                said = process.connection.recv()
            except (EOFError, OSError):
                yield from self._bury(process, waiting)
                continue
            if isinstance(said, Outcome):
                process.jobs.popleft()
                yield said
            elif said is None:
                process.ready, self._false_starts = True, 0
            else:
                raise WorkersFail(said)

    def _bury(self, process: _Process, waiting: deque[Job]) -> Iterator[Outcome]:
        """Put another in the place of a process that ended; its jobs go back, or are given up."""
        process.process.join()
        process.connection.close()
        self._processes.remove(process)
        if not process.ready:
            self._false_starts += 1
            if self._false_starts >= self._config.most_false_starts:
                raise WorkersFail(
                    f"the worker processes end before they are ready ({_cause(process)})"
                )
        for job in reversed(process.jobs):
            self._deaths[job.id] = self._deaths.get(job.id, 0) + 1
            if self._deaths[job.id] < self._config.most_deaths:
                waiting.appendleft(job)
            else:
                error = f"its worker process ended ({_cause(process)})"
                yield Outcome.of(job, "failed", error=error)
        process.jobs.clear()
        if waiting:
            self._start(process.place)

    def _end_politely(self) -> None:
        for process in self._processes:
            with suppress(OSError):
                process.connection.send(None)
        for process in self._processes:
            process.process.join(self._config.patience)


def _cause(process: _Process) -> str:
    code = process.process.exitcode or 0
    return f"signal {-code}" if code < 0 else f"exit status {code}"


@contextmanager
def _inherited(variables: Mapping[str, str]) -> Iterator[None]:
    """What a process started inside inherits: variables, and that Ctrl-C is its parent's matter.

    Libraries read the variables when they load, which may be before any line of ours runs.
    """
    kept = {name: os.environ.get(name) for name in variables}
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if main:
            signal.signal(signal.SIGINT, before)


def _work(connection: Connection, factory: WorkerFactory) -> None:
    """The whole life of a worker process."""
    end_with_parent()
    # Libraries print while they load; nothing but the answer belongs on standard output.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        try:
            worker = factory()
        except BgSwapError as error:
            connection.send(str(error))
            return
        # Where the parent was killed, there is nobody to tell.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.send(None)
            _make_all(connection, worker)


def _make_all(connection: Connection, worker: Worker) -> None:
    """Make what the parent asks for, the next photo read meanwhile, until it says that is all."""
    ahead: queue.Queue[tuple[Job, Photo | Outcome] | None] = queue.Queue(1)

    def read() -> None:
        while (job := _next(connection)) is not None:
            try:
                ahead.put((job, worker.read(job)))
            except Exception:
                log.exception("internal failure with %s", job.path)
                ahead.put((job, bug(job)))
        ahead.put(None)

    threading.Thread(target=read, name="bgswap-reader", daemon=True).start()
    while (item := ahead.get()) is not None:
        job, photo = item
        try:
            outcome = photo if isinstance(photo, Outcome) else worker.make(job, photo)
        except Exception:
            log.exception("internal failure with %s", job.path)
            connection.send(bug(job))
            # What a bug leaves behind (a poisoned CUDA context) goes with the process.
            os._exit(1)
        connection.send(outcome)


def _next(connection: Connection) -> Job | None:
    try:
        return connection.recv()
    except EOFError:
        return None
