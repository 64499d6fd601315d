"""Many machines: the same workers as actors of Ray Data, https://docs.ray.io/en/latest/data.

Photos and results are in a file system that all machines share under the same path. An actor writes
its results itself and returns one line of the manifest a photo. The block of photos of a lost
machine is repeated by another one, with the same bytes in the same files.
"""

import json
import logging
import os
import shutil
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bgswap.batch.capacity import THREADS
from bgswap.batch.jobs import OWN_FOLDER, Job
from bgswap.batch.manifest import Outcome
from bgswap.batch.worker import WorkerFactory, internal_failure
from bgswap.errors import BadInput, BgSwapError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RayConfig:
    """How the cluster is used.

    Attributes:
        most_blocks: maximum number of blocks: with more photos, several are in a block, whose
            lines are returned together.
        attempts: maximum for one photo; Ray itself would retry a photo that crashes its actors
            without end.
        cpus: of an actor without a GPU, which computes with one thread.
    """

    most_blocks: int = 10_000
    attempts: int = 3
    cpus: int = 1


class RayEngine:
    """Runs jobs on a Ray cluster; yields outcomes as they arrive.

    Args:
        factory: creates the worker inside each actor.
        out: the folder of the results, shared by all machines.
        address: of the cluster; empty: the one in RAY_ADDRESS, else this machine.
        workers: maximum number of actors; None: one a GPU, else one a core.
        config: see :class:`RayConfig`.
    """

    def __init__(
        self,
        factory: WorkerFactory,
        out: Path,
        address: str = "",
        workers: int | None = None,
        config: RayConfig | None = None,
    ) -> None:
        self._factory, self._address, self._workers = factory, address, workers
        self._config = config or RayConfig()
        self._attempts = Attempts(out / OWN_FOLDER / "attempts", self._config.attempts)

    def __call__(self, jobs: Sequence[Job]) -> Generator[Outcome, None, None]:
        """The outcomes of all jobs, one each, as they arrive.

        Raises:
            BadInput: Ray is not installed, or no cluster answers.
            BgSwapError: the cluster failed.
        """
        here = [job for job in jobs if Path(job.path).is_file()]
        with _connected(self._address):
            self._attempts.clear()
            missing = {job.id: job for job in jobs}
            for line in self._lines(here) if here else ():
                outcome = Outcome(**json.loads(line))
                if missing.pop(outcome.job, None):
                    yield outcome
            for job in missing.values():
                if Path(job.path).is_file():
                    yield Outcome.of(job, "failed", error="it was lost with its worker")
                else:
                    yield Outcome.of(job, "refused", error=f"there is no file {job.path}")

    def _lines(self, jobs: Sequence[Job]) -> Iterator[str]:
        """Outcomes as JSON."""
        import ray
        from ray.data import ActorPoolStrategy

        by_path: dict[str, list[Job]] = {}
        for job in jobs:
            by_path.setdefault(job.path, []).append(job)
        gpus = int(ray.cluster_resources().get("GPU", 0))
        cpus = int(ray.cluster_resources().get("CPU", 1))
        most = min(self._workers or gpus or cpus, len(by_path))
        share: dict[str, Any] = {"num_gpus": 1} if gpus else {"num_cpus": self._config.cpus}
        rows = ray.data.read_binary_files(
            list(by_path),
            include_paths=True,
            ignore_missing_paths=True,
            # Otherwise actors on all cores would leave none for the tasks that read the files.
            num_cpus=0,
            override_num_blocks=min(len(by_path), self._config.most_blocks),
        ).map_batches(
            _Actor,
            fn_constructor_args=(self._factory, self._attempts, ray.put(by_path)),
            batch_size=1,
            compute=ActorPoolStrategy(min_size=1, max_size=most, initial_size=most),
            runtime_env={"env_vars": {} if gpus else dict.fromkeys(THREADS, "1")},
            **share,
        )
        try:
            for row in rows.iter_rows():
                yield row["outcome"]
        except ray.exceptions.RayError as error:
            log.exception("the cluster failed")
            raise BgSwapError(f"the Ray cluster failed: {type(error).__name__}") from None


@dataclass(frozen=True)
class Attempts:
    """Counts the attempts of each job in a shared folder: one byte an attempt.

    Attributes:
        folder: with a file for each job in progress.
        most: maximum number of attempts.
    """

    folder: Path
    most: int

    def clear(self) -> None:
        """Remove the counts of earlier runs."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def begin(self, job: Job) -> bool:
        """Count an attempt; returns whether there was one left."""
        with (self.folder / job.id).open("ab") as file:
            if file.tell() >= self.most:
                return False
            file.write(b".")
        return True

    def end(self, job: Job) -> None:
        """Remove the count of a job that has an outcome."""
        (self.folder / job.id).unlink(missing_ok=True)


class _Actor:
    """A worker inside an actor: takes a photo's bytes, returns the lines of its outcomes."""

    def __init__(self, factory: WorkerFactory, attempts: Attempts, jobs: Any) -> None:
        import ray

        self._worker, self._attempts = factory(), attempts
        self._jobs: Mapping[str, Sequence[Job]] = ray.get(jobs)

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, list[str]]:
        lines = []
        for path, content in zip(batch["path"], batch["bytes"], strict=True):
            for job in self._jobs[str(path)]:
                lines.append(json.dumps(asdict(self._made(job, content))))
        return {"outcome": lines}

    def _made(self, job: Job, content: bytes) -> Outcome:
        try:
            if not self._attempts.begin(job):
                error = f"its worker ended {self._attempts.most} times"
                return Outcome.of(job, "failed", error=error)
            outcome = self._worker.make(job, self._worker.read(job, content))
        except Exception:
            log.exception("internal failure with %s", job.path)
            outcome = internal_failure(job)
        self._attempts.end(job)
        return outcome


@contextmanager
def _connected(address: str) -> Iterator[None]:
    """Connect to the cluster; an existing connection is used and left open."""
    # Ray would send usage statistics to its makers.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray.data
    except ImportError:
        raise BadInput("--ray needs Ray: pip install 'bgswap[ray]'") from None
    ours = not ray.is_initialized()
    if ours:
        try:
            ray.init(address or None, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise BadInput(f"no Ray cluster answers at {address or 'this machine'}") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    before = (context.enable_progress_bars, context.max_errored_blocks)
    # There is a progress bar of photos already; a lost block must not fail the whole batch.
    context.enable_progress_bars, context.max_errored_blocks = False, -1
    try:
        yield
    finally:
        context.enable_progress_bars, context.max_errored_blocks = before
        if ours:
            ray.shutdown()
