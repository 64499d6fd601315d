"""Deletes visitors' files in the upload folder: by age, and the oldest first where it is full.

Gradio deletes only files that it registered itself, and knows of none from before a restart.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

# Seconds from one look to the next: short, so that quick uploads cannot fill the disk between two.
PERIOD = 10.0
# Seconds that a session may hold files: not every browser that goes away is seen to.
LONGEST_HOLD = 24 * 3600.0


@dataclass(frozen=True)
class Left:
    """A file that somebody left.

    Attributes:
        path: where it lies.
        since: time of its last change, in seconds since the epoch; copying does not make it older.
        size: in bytes.
    """

    path: Path
    since: float
    size: int


@dataclass(frozen=True)
class Hold:
    """What an open session keeps.

    Attributes:
        since: when it said so, in seconds since the epoch.
        paths: of files or folders.
    """

    since: float
    paths: tuple[Path, ...]


class Sweeper:
    """Keeps one folder small. Safe to share between threads.

    Args:
        folder: everything in it is deleted in time.
        age: seconds that a file is kept, but for those of open sessions.
        space: bytes that all files may take.
    """

    def __init__(self, folder: str | Path, age: float, space: float) -> None:
        self.folder, self.age, self.space = Path(folder), age, space
        self._held: dict[str | None, dict[str, Hold]] = {}
        self._lock = threading.Lock()

    def hold(self, session: str | None, purpose: str, *paths: Path) -> None:
        """Keep files or whole folders while a session is open.

        Args:
            session: whose they are; Gradio may give None.
            purpose: what for; what was held for it before is let go.
            paths: of files or folders.
        """
        with self._lock:
            hold = Hold(time.time(), tuple(path.resolve() for path in paths))
            self._held.setdefault(session, {})[purpose] = hold

    def release(self, session: str | None) -> None:
        """The session is over: its files go when they are old enough."""
        with self._lock:
            self._held.pop(session, None)

    def start(self) -> threading.Thread:
        """Sweep now, and from time to time until the process ends."""
        self.sweep()
        thread = threading.Thread(target=self._go_on, name="bgswap-sweeper", daemon=True)
        thread.start()
        return thread

    def sweep(self) -> int:
        """Delete what is too old, then the oldest while there is too much; gives how many files."""
        now, held = time.time(), self._held_paths()
        files = sorted(self._files(), key=lambda file: (is_under(file.path, held), file.since))
        total, gone = sum(file.size for file in files), 0
        for file in files:
            old = now - file.since > self.age and not is_under(file.path, held)
            if old or total > self.space:
                with suppress(OSError):  # somebody else was quicker
                    file.path.unlink()
                    gone += 1
                total -= file.size
        self._remove_empty_folders(now)
        return gone

    def _go_on(self) -> None:
        while True:
            time.sleep(PERIOD)
            try:
                self.sweep()
            except Exception:
                log.exception("the upload folder could not be swept")

    def _held_paths(self) -> frozenset[Path]:
        with self._lock:
            holds = [hold for purposes in self._held.values() for hold in purposes.values()]
        young = time.time() - LONGEST_HOLD
        return frozenset(path for hold in holds if hold.since > young for path in hold.paths)

    def _files(self) -> Iterator[Left]:
        for folder, _, names in os.walk(self.folder.resolve()):
            for path in (Path(folder, name) for name in names):
                with suppress(FileNotFoundError):
                    state = path.lstat()
                    yield Left(path, state.st_ctime, state.st_size)

    def _remove_empty_folders(self, now: float) -> None:
        inside = list(os.walk(self.folder.resolve(), topdown=False))[:-1]
        for folder in (Path(name) for name, _, _ in inside):
            # A folder that was made just now is about to be filled.
            with suppress(OSError):
                if now - folder.stat().st_mtime > PERIOD:
                    folder.rmdir()


def is_under(path: Path, roots: frozenset[Path]) -> bool:
    """Whether a path is one of the roots or lies in one of them."""
    return path in roots or any(parent in roots for parent in path.parents)
