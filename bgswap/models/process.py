"""Downloads in processes of their own, which can be ended whatever they hang in.

A thread that waits for a host cannot be ended, and goes on holding the lock of its download. A
process tells its parent in lines of JSON on standard output: ``{"fraction": 0.5}`` (or null: alive,
but how far is not known) and ``{"error": ..., "host": ...}`` for what may be shown to a user, with
the host where it is that which does not answer.
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
# Seconds between two looks at a process.
TICK = 0.05


class Failed(Exception):
    """A process ended without an error of the protocol: with what it wrote last."""


def run(
    command: Sequence[str],
    stall: float,
    progress: Callable[[float | None], None] = lambda fraction: None,
    size: Callable[[], int] = lambda: 0,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a process to its end, and end it when nothing is heard of it any more.

    Args:
        command: the program and its arguments.
        stall: seconds without a line and without a change in size after which it counts as dead.
        progress: told of each fraction.
        size: of what it writes elsewhere, in bytes.
        environment: variables on top of those of this process.

    Raises:
        ModelUnavailable: what the process said, or that nothing more came.
        Failed: it ended otherwise; the message is what it wrote on standard error.
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
            raise Failed(errors.read_text(errors="replace").strip() or "no reason given")


def _watch(
    process: subprocess.Popen[bytes], lines: "_Lines", stall: float, size: Callable[[], int]
) -> None:
    seen, since = (0, 0), time.monotonic()
    while process.poll() is None:
        time.sleep(TICK)
        now = (lines.read(), size())
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > stall:
            raise ModelUnavailable(f"the download broke off: nothing came for {stall:g} s")
    lines.read()


class _Lines:
    """What a process writes on standard output, line by line."""

    def __init__(self, file: BinaryIO, progress: Callable[[float | None], None]) -> None:
        self._file, self._progress = file, progress
        self._begun = b""

    def read(self) -> int:
        """Hear the lines that have come; give how many bytes have come so far.

        Raises:
            ModelUnavailable: a line says so.
        """
        *whole, self._begun = (self._begun + self._file.read()).split(b"\n")
        for line in whole:
            self._hear(line)
        return self._file.tell()

    def _hear(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return  # a library prints
        if not isinstance(said, dict):
            return
        if "error" in said:
            host = said.get("host")
            raise unreachable(host, said["error"]) if host else ModelUnavailable(said["error"])
        self._progress(said.get("fraction"))


def end_with_parent() -> None:
    """In a process: end as soon as the parent has ended, however that was."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def tell(**values: object) -> None:
    """In a process: one line for its parent."""
    print(json.dumps(values), flush=True)


def tell_of(error: ModelUnavailable) -> None:
    """In a process: the line for an error."""
    if isinstance(error, Unreachable):
        tell(error=error.reason, host=error.host)
    else:
        tell(error=str(error))
