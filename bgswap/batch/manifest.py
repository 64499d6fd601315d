"""What became of each photo: JSON Lines, one line a photo, on disk before the next one counts.

The last line of an output is what holds. A line that a kill or a full disk cut off is taken away
when the manifest is opened again.
"""

import fcntl
import json
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from bgswap.batch.jobs import OWN_FOLDER, Job
from bgswap.batch.reading import fingerprint
from bgswap.errors import BadInput, BgSwapError

NAME = "manifest.jsonl"
# Names of all results that were ever to be written, a JSON string a line.
CLAIMS = f"{OWN_FOLDER}/outputs.jsonl"
# As bgswap.io.files.write_whole calls a file that is not whole yet.
HALF_WRITTEN = re.compile(r"\.[0-9a-f]{32}\.partial")
# done: the output is there. refused: the photo or what is asked of it cannot be used, and would
# not be the next time. failed: disk, memory or a bug; the next run tries again.
Status = Literal["done", "refused", "failed"]


@dataclass(frozen=True)
class Outcome:
    """A line of the manifest.

    Attributes:
        job: identity of the job, see :attr:`Job.id`.
        path: of the photo.
        size: of its file in bytes.
        modified: of its file, nanoseconds since 1970.
        sha256: of its content, hexadecimal; empty where it could not be read.
        output: of the result, relative to the manifest's folder.
        request: prompt, background, people, options and scene; each a key of its own in the line.
        seed: the one that the picture was made from.
        status: see ``Status``.
        seconds: from reading the photo to the written result.
        notes: in words, wherever less was done than was asked.
        error: one sentence; empty where it is done.
        models: role to weights, as the details of a swap have them.
    """

    job: str
    path: str
    output: str
    request: dict[str, Any]
    status: Status
    size: int = 0
    modified: int = 0
    sha256: str = ""
    seed: int | None = None
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    error: str = ""
    models: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, job: Job, status: Status, **values: Any) -> "Outcome":
        """The outcome of a job."""
        return cls(job.id, job.path, job.output, job.request, status, **values)


@dataclass(frozen=True)
class _Known:
    """What is kept in memory of a line: a batch may have a million."""

    job: str
    status: Status
    size: int
    modified: int
    sha256: str
    error: str


class CannotRecord(BgSwapError):
    """The manifest cannot be written: what is done from here on would not be known."""


class Manifest:
    """The manifest of a folder of results, held by one process at a time.

    Args:
        out: the folder; made where it is not there.

    Raises:
        BadInput: the folder cannot be used, or another process holds its manifest.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.path = out / NAME
        try:
            (out / OWN_FOLDER).mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise BadInput(f"results cannot be written to {out}: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise BadInput(f"another batch is writing to {out}") from None
        self._known: dict[str, _Known] = {}
        self._end = self._read()

    def __enter__(self) -> "Manifest":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def append(self, outcome: Outcome) -> None:
        """Add a line, on disk when this returns; all of it or nothing.

        Raises:
            CannotRecord: the disk is full or gone.
        """
        told = asdict(outcome)
        line = json.dumps({**told.pop("request"), **told}, ensure_ascii=True) + "\n"
        content = line.encode()
        try:
            # A rest that an earlier write left behind is written over.
            written = os.pwrite(self._file, content, self._end)
            if written < len(content):
                written += os.pwrite(self._file, content[written:], self._end + written)
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self._end)
            raise CannotRecord(f"cannot write {self.path}: {error.strerror}") from None
        self._end += len(content)
        self._remember(json.loads(line))

    def settled(self, job: Job) -> Outcome | None:
        """What became of a job, where nothing of it is left to do.

        A job is settled where its last line says done or refused, the photo is still what it was
        (size and time of change, else size and content), and what is done is still there.
        """
        known = self._known.get(job.output)
        if known is None or known.job != job.id or known.status == "failed":
            return None
        if known.status == "done" and not (self.out / job.output).is_file():
            return None
        if not _unchanged(Path(job.path), known):
            return None
        return Outcome.of(job, known.status, error=known.error)

    def claim(self, outputs: Sequence[str]) -> None:
        """Say which files will be results, before any of them is written.

        So a file that was written just before a kill is known as ours, though no line tells of it.

        Raises:
            BadInput: one is there, and was never claimed: it is somebody's.
        """
        claims = self.out / CLAIMS
        with suppress(FileNotFoundError):
            claimed = set(claims.read_text(encoding="ascii").splitlines())
            outputs = [output for output in outputs if json.dumps(output) not in claimed]
        for output in outputs:
            if os.path.lexists(self.out / output):
                raise BadInput(
                    f"{self.out / output} is there and is no result of a batch: "
                    "choose another folder"
                )
        if not outputs:
            return
        try:
            with claims.open("a", encoding="ascii") as file:
                # A kill may have cut the last name off.
                file.write("\n" + "\n".join(map(json.dumps, outputs)) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CannotRecord(f"cannot write {claims}: {error.strerror}") from None

    def _read(self) -> int:
        """Take in the whole lines; give where they end."""
        end = 0
        with open(self._file, "rb", closefd=False) as file:
            for line in file:
                try:
                    self._remember(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    if line.endswith(b"\n"):
                        raise BadInput(f"{self.path} is no manifest of a batch") from None
                    break
                if not line.endswith(b"\n"):
                    break
                end += len(line)
        os.ftruncate(self._file, end)
        return end

    def _remember(self, line: dict[str, Any]) -> None:
        self._known[line["output"]] = _Known(**{f.name: line[f.name] for f in fields(_Known)})


def sweep(out: Path) -> None:
    """Remove the half-written files that a kill left in a folder of results."""
    for here, _, files in os.walk(out):
        for file in filter(HALF_WRITTEN.fullmatch, files):
            (Path(here) / file).unlink(missing_ok=True)


def _unchanged(path: Path, known: _Known) -> bool:
    try:
        found = path.stat()
    except OSError:
        # It is done, and the photo may have been moved away since.
        return True
    if found.st_size != known.size:
        return False
    return found.st_mtime_ns == known.modified or fingerprint(path.read_bytes()) == known.sha256
