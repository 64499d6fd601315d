"""The manifest of outcomes: JSON Lines, one line a photo, each on disk before the next.

Of several lines on one output the last one counts. A truncated line, left by a kill or a full disk,
is removed when the manifest is opened again.
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
# Names of all results that a run was to write, a JSON string a line.
CLAIMS = f"{OWN_FOLDER}/outputs.jsonl"
# Names of temporary files of bgswap.io.files.write_whole.
PARTIAL_FILE = re.compile(r"\.[0-9a-f]{32}\.partial")
# done: the output exists. refused: the photo or its request is invalid, also in the next run.
# failed: disk, memory or a bug; the next run retries.
Status = Literal["done", "refused", "failed"]


@dataclass(frozen=True)
class Outcome:
    """A line of the manifest.

    Attributes:
        job: see :attr:`Job.id`.
        path: of the photo.
        size: of its file in bytes.
        modified: of its file, nanoseconds since 1970.
        sha256: of its content, hexadecimal; empty where it could not be read.
        output: of the result, relative to the manifest's folder.
        request: prompt, background, people, options and scene; the line has their keys.
        seed: of the scene.
        status: see ``Status``.
        seconds: from reading the photo to writing the result.
        notes: a sentence for each thing that was requested and not fully done.
        error: one sentence; empty where the status is done.
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
    """The part of a line that is kept in memory: a batch may have a million photos."""

    job: str
    status: Status
    size: int
    modified: int
    sha256: str
    error: str


class CannotRecord(BgSwapError):
    """The manifest cannot be written, so further outcomes would be lost."""


class Manifest:
    """The manifest of a folder of results, locked by one process at a time.

    Args:
        out: the folder; created where it does not exist.

    Raises:
        BadInput: the folder cannot be used, or another process has locked its manifest.
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
        """Add a line atomically; it is on disk when this returns.

        Raises:
            CannotRecord: the disk is full or gone.
        """
        fields = asdict(outcome)
        line = json.dumps({**fields.pop("request"), **fields}, ensure_ascii=True) + "\n"
        content = line.encode()
        try:
            # At the end of the last complete line: overwrites what a failed write left.
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
        """The outcome of a job with nothing left to do; else None.

        A job is settled where its last line says done or refused, the photo has not changed (size
        and modification time, else size and content), and the output of a done job exists.
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
        """Record which files will be results, before any of them is written.

        A result that was written just before a kill is then known as such without a line.

        Raises:
            BadInput: one exists and was never claimed: it would be overwritten.
        """
        claims = self.out / CLAIMS
        with suppress(FileNotFoundError):
            claimed = set(claims.read_text(encoding="ascii").splitlines())
            outputs = [output for output in outputs if json.dumps(output) not in claimed]
        for output in outputs:
            if os.path.lexists(self.out / output):
                raise BadInput(
                    f"{self.out / output} exists and is not the result of a batch: "
                    "choose another folder"
                )
        if not outputs:
            return
        try:
            with claims.open("a", encoding="ascii") as file:
                # The last name may have been truncated by a kill.
                file.write("\n" + "\n".join(map(json.dumps, outputs)) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CannotRecord(f"cannot write {claims}: {error.strerror}") from None

    def _read(self) -> int:
        """Read the complete lines; returns where they end."""
        end = 0
        with open(self._file, "rb", closefd=False) as file:
            for line in file:
                try:
                    self._remember(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    if line.endswith(b"\n"):
                        raise BadInput(f"{self.path} is not the manifest of a batch") from None
                    break
                if not line.endswith(b"\n"):
                    break
                end += len(line)
        os.ftruncate(self._file, end)
        return end

    def _remember(self, line: dict[str, Any]) -> None:
        self._known[line["output"]] = _Known(**{f.name: line[f.name] for f in fields(_Known)})


def remove_partial_files(out: Path) -> None:
    """Remove temporary files that a kill left in a folder of results."""
    for here, _, files in os.walk(out):
        for file in filter(PARTIAL_FILE.fullmatch, files):
            (Path(here) / file).unlink(missing_ok=True)


def _unchanged(path: Path, known: _Known) -> bool:
    try:
        found = path.stat()
    except OSError:
        # The photo may have been moved since.
        return True
    if found.st_size != known.size:
        return False
    return found.st_mtime_ns == known.modified or fingerprint(path.read_bytes()) == known.sha256
