"""Workers that are quick: what a batch does around them is what is tested."""

import hashlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from bgswap.batch.jobs import Job
from bgswap.batch.manifest import Outcome
from bgswap.batch.reading import Photo
from bgswap.errors import BgSwapError, ModelUnavailable
from bgswap.io.files import write_whole

# Seconds for another worker to begin.
LONGEST_WAIT = 60


@dataclass(frozen=True)
class Workers:
    """Creates workers whose result is a function of the photo's bytes and the seed.

    Each begun and each finished photo is a line of ``out``'s neighbour ``log``.

    Attributes:
        out: folder of the results.
        log: file of one line a photo; a line is written in one piece.
        seconds: that each photo takes.
        padding: bytes of each result beyond its digest.
        broken: whether no worker can start, as where a model is missing.
        hold: photos that are made; the next ones take until somebody ends the worker.
        crew: that work begins with: the first waits until so many have begun.
        dead: whether each worker dies before it is ready.
    """

    out: Path
    log: Path
    seconds: float = 0.0
    padding: int = 0
    hold: int | None = None
    crew: int = 1
    broken: bool = False
    dead: bool = False

    def __call__(self) -> "Worker":
        if self.broken:
            raise ModelUnavailable("The scene model cannot be had")
        if self.dead:
            os.kill(os.getpid(), signal.SIGKILL)
        return Worker(self)


class Worker:
    """A photo called ``refuse``, ``bug``, ``read-bug`` or ``die`` does what its name says."""

    def __init__(self, plan: Workers) -> None:
        self.plan = plan

    def read(self, job: Job, content: bytes | None = None) -> Photo:
        content = Path(job.path).read_bytes() if content is None else content
        if Path(job.path).stem == "read-bug":
            raise ZeroDivisionError
        modified = Path(job.path).stat().st_mtime_ns
        return Photo(None, len(content), modified, hashlib.sha256(content).hexdigest())

    def make(self, job: Job, photo: Photo) -> Outcome:
        self._tell("begin", job)
        stem = Path(job.path).stem
        until = time.monotonic() + LONGEST_WAIT
        while self._begun() < self.plan.crew and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(self.plan.seconds)
        if self.plan.hold is not None and self._place(job) > self.plan.hold:
            time.sleep(LONGEST_WAIT)
        facts = {"size": photo.size, "modified": photo.modified, "sha256": photo.sha256}
        if stem == "refuse":
            return Outcome.of(job, "refused", error="No person detected", **facts)
        if stem == "bug":
            raise ZeroDivisionError
        if stem == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        content = f"{photo.sha256} {job.options.seed} {job.prompt}".encode()
        path = self.plan.out / job.output
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write_whole(path, content + b"." * self.plan.padding)
        except BgSwapError as error:
            return Outcome.of(job, "failed", error=str(error), **facts)
        self._tell("end", job)
        return Outcome.of(job, "done", **facts, seed=job.options.seed)

    def _place(self, job: Job) -> int:
        """1 for the first photo that any worker began."""
        lines = self.plan.log.read_text().splitlines()
        begun = [line for line in lines if line.startswith("begin")]
        return begun.index(f"begin {os.getpid()} {job.output}") + 1

    def _begun(self) -> int:
        return len({line.split()[1] for line in self.plan.log.read_text().splitlines()})

    def _tell(self, what: str, job: Job) -> None:
        name = job.output.encode("unicode_escape").decode()
        with self.plan.log.open("a") as file:
            file.write(f"{what} {os.getpid()} {name}\n")
