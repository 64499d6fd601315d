"""A pool of worker processes on this machine; processes that crash are replaced."""

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
from bgswap.batch.worker import Worker, WorkerFactory, internal_failure
from bgswap.errors import BgSwapError
from bgswap.models.process import end_with_parent

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProcessConfig:
    """How worker processes are handled.

    Attributes:
        prefetch: jobs that a worker holds: one in progress, the others are read meanwhile. One of
            those is enough as long as reading is faster than swapping.
        most_crashes: crashes of its worker after which a job fails. The second time the worker had
            no other job, so that the job is the cause.
        most_failed_starts: consecutive workers that end before they are ready.
        shutdown_seconds: time for workers to exit when all jobs are done.
    """

    prefetch: int = 2
    most_crashes: int = 2
    most_failed_starts: int = 3
    shutdown_seconds: float = 5.0


class WorkersFailed(BgSwapError):
    """The worker processes cannot be started."""


@dataclass(eq=False)
class _Process:
    """The parent's record of a worker process."""

    index: int
    process: multiprocessing.process.BaseProcess
    connection: Connection
    ready: bool = False
    jobs: deque[Job] = field(default_factory=deque)


class Pool:
    """A pool of worker processes; yields outcomes as they arrive.

    Args:
        factory: creates the worker inside each process.
        environments: environment variables of each process; there is one process for each.
        config: see :class:`ProcessConfig`.
    """

    def __init__(
        self,
        factory: WorkerFactory,
        environments: Sequence[Mapping[str, str]],
        config: ProcessConfig | None = None,
    ) -> None:
        self._factory, self._environments = factory, environments
        self._config = config or ProcessConfig()
        self._crashes: dict[str, int] = {}
        self._failed_starts = 0
        self._processes: list[_Process] = []

    def __call__(self, jobs: Sequence[Job]) -> Generator[Outcome, None, None]:
        """The outcomes of all jobs, one each, as they arrive.

        Closing the iterator kills the processes.

        Raises:
            WorkersFailed: the processes end before they are ready.
        """
        waiting = deque(jobs)
        try:
            for index in range(min(len(self._environments), len(jobs))):
                self._start(index)
            while waiting or any(process.jobs for process in self._processes):
                for process in self._processes:
                    self._send_jobs(process, waiting)
                yield from self._receive(waiting)
            self._shut_down()
        finally:
            for process in self._processes:
                process.process.kill()
                process.process.join()
                process.connection.close()
            self._processes.clear()

    def _start(self, index: int) -> None:
        context = multiprocessing.get_context("spawn")
        parent_end, child_end = context.Pipe()
        name, arguments = f"bgswap-worker-{index}", (child_end, self._factory)
        process = context.Process(target=_work, args=arguments, name=name, daemon=True)
        with _inherited(self._environments[index]):
            process.start()
        child_end.close()
        self._processes.append(_Process(index, process, parent_end))

    def _send_jobs(self, process: _Process, waiting: deque[Job]) -> None:
        """Send a worker as many jobs as it holds; a job whose worker crashed is sent alone."""
        while process.ready and waiting and len(process.jobs) < self._config.prefetch:
            alone = any(job.id in self._crashes for job in (waiting[0], *process.jobs))
            if alone and process.jobs:
                return
            process.jobs.append(waiting.popleft())
            # Where it has just crashed, that is received next.
            with suppress(OSError):
                process.connection.send(process.jobs[-1])

    def _receive(self, waiting: deque[Job]) -> Iterator[Outcome]:
        by_connection: dict[Any, _Process] = {p.connection: p for p in self._processes}
        for connection in wait(list(by_connection)):
            process = by_connection[connection]
            try:
                message = process.connection.recv()
            except (EOFError, OSError):
                yield from self._replace(process, waiting)
                continue
            if isinstance(message, Outcome):
                process.jobs.popleft()
                yield message
            elif message is None:
                process.ready, self._failed_starts = True, 0
            else:
                raise WorkersFailed(message)

    def _replace(self, process: _Process, waiting: deque[Job]) -> Iterator[Outcome]:
        """Replace a process that ended; its jobs are requeued, or fail after too many crashes."""
        process.process.join()
        process.connection.close()
        self._processes.remove(process)
        if not process.ready:
            self._failed_starts += 1
            if self._failed_starts >= self._config.most_failed_starts:
                raise WorkersFailed(
                    f"the worker processes end before they are ready ({_cause(process)})"
                )
        for job in reversed(process.jobs):
            self._crashes[job.id] = self._crashes.get(job.id, 0) + 1
            if self._crashes[job.id] < self._config.most_crashes:
                waiting.appendleft(job)
            else:
                error = f"its worker process ended ({_cause(process)})"
                yield Outcome.of(job, "failed", error=error)
        process.jobs.clear()
        if waiting:
            self._start(process.index)

    def _shut_down(self) -> None:
        for process in self._processes:
            with suppress(OSError):
                process.connection.send(None)
        for process in self._processes:
            process.process.join(self._config.shutdown_seconds)


def _cause(process: _Process) -> str:
    code = process.process.exitcode or 0
    return f"signal {-code}" if code < 0 else f"exit status {code}"


@contextmanager
def _inherited(variables: Mapping[str, str]) -> Iterator[None]:
    """Let a process started in the block inherit variables, and ignore Ctrl-C.

    Libraries read the variables when they load, which may be before our own code runs.
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
    """The main function of a worker process."""
    end_with_parent()
    # Libraries print while they load; standard output is for the summary alone.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        try:
            worker = factory()
        except BgSwapError as error:
            connection.send(str(error))
            return
        # The parent may have been killed.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.send(None)
            _make_all(connection, worker)


def _make_all(connection: Connection, worker: Worker) -> None:
    """Work on jobs from the parent until it sends None; a thread reads the next photo meanwhile."""
    prefetched: queue.Queue[tuple[Job, Photo | Outcome] | None] = queue.Queue(1)

    def read() -> None:
        while (job := _next(connection)) is not None:
            try:
                prefetched.put((job, worker.read(job)))
            except Exception:
                log.exception("internal failure with %s", job.path)
                prefetched.put((job, internal_failure(job)))
        prefetched.put(None)

    threading.Thread(target=read, name="bgswap-reader", daemon=True).start()
    while (item := prefetched.get()) is not None:
        job, photo = item
        try:
            outcome = photo if isinstance(photo, Outcome) else worker.make(job, photo)
        except Exception:
            log.exception("internal failure with %s", job.path)
            connection.send(internal_failure(job))
            # A bug may leave a broken state behind, such as a CUDA context: start a new process.
            os._exit(1)
        connection.send(outcome)


def _next(connection: Connection) -> Job | None:
    try:
        return connection.recv()
    except EOFError:
        return None
