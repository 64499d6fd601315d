"""Downloads in child processes, which can be killed while a host does not answer.

A thread that waits for a host cannot be ended, and keeps the lock of its download. A child process
reports to its parent in lines of JSON on standard output: ``{"fraction": 0.5}`` (null: in progress,
fraction unknown) and ``{"error": ..., "host": ...}`` for an error that may be shown to a user, with
the host where that host does not answer.
"""

import atexit
import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from bgswap.errors import ModelUnavailable
from bgswap.models.deadline import Unreachable, unreachable

ROOT = Path(__file__).parent.parent.parent
# Seconds between two polls of a process.
POLL_PERIOD = 0.05


class ProcessFailed(Exception):
    """A child process failed without reporting an error; the message is its standard error."""


def run(
    command: Sequence[str],
    stall: float,
    progress: Callable[[float | None], None] = lambda fraction: None,
    size: Callable[[], int] = lambda: 0,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a child process, and kill it when it makes no progress.

    Args:
        command: the program and its arguments.
        stall: seconds without output and without a change in ``size`` until it is killed.
        progress: called with each reported fraction.
        size: gives the bytes that the process has written elsewhere.
        environment: variables in addition to those of this process.

    Raises:
        ModelUnavailable: the error that the process reported, or that it stalled.
        ProcessFailed: it failed otherwise.
    """
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(environment or {})}
    with tempfile.TemporaryDirectory(prefix="bgswap-download-") as folder:
        output, errors = Path(folder, "output"), Path(folder, "errors")
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=variables
            )
        atexit.register(process.kill)
        try:
            with output.open("rb") as file:
                _watch(process, _Lines(file, progress), stall, size)
        finally:
            process.kill()
            process.wait()
            atexit.unregister(process.kill)
        if process.returncode:
            raise ProcessFailed(errors.read_text(errors="replace").strip() or "no reason given")


def _watch(
    process: subprocess.Popen[bytes], lines: "_Lines", stall: float, size: Callable[[], int]
) -> None:
    seen, since = (0, 0), time.monotonic()
    while process.poll() is None:
        time.sleep(POLL_PERIOD)
        now = (lines.read(), size())
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > stall:
            raise ModelUnavailable(f"the download broke off: nothing came for {stall:g} s")
    lines.read()


class _Lines:
    """Reads and handles the lines that a process writes on standard output."""

    def __init__(self, file: BinaryIO, progress: Callable[[float | None], None]) -> None:
        self._file, self._progress = file, progress
        self._partial = b""

    def read(self) -> int:
        """Handle the complete lines; returns the number of bytes read so far.

        Raises:
            ModelUnavailable: a line reports an error.
        """
        *whole, self._partial = (self._partial + self._file.read()).split(b"\n")
        for line in whole:
            self._handle(line)
        return self._file.tell()

    def _handle(self, line: bytes) -> None:
        try:
            report = json.loads(line)
        except ValueError:
            return  # printed by a library
        if not isinstance(report, dict):
            return
        if "error" in report:
            host, error = report.get("host"), report["error"]
            raise unreachable(host, error) if host else ModelUnavailable(error)
        self._progress(report.get("fraction"))


def end_with_parent() -> None:
    """In a child process: exit as soon as the parent has ended."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def send_line(**values: object) -> None:
    """In a child process: write one line for the parent."""
    print(json.dumps(values), flush=True)


def send_error(error: ModelUnavailable) -> None:
    """In a child process: report an error to the parent."""
    if isinstance(error, Unreachable):
        send_line(error=error.reason, host=error.host)
    else:
        send_line(error=str(error))
