"""The peak memory of a code block, relative to the memory before it."""

from pathlib import Path
from types import TracebackType

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Peak:
    """A context manager; ``megabytes`` is the peak growth of resident memory. Linux only."""

    megabytes = float("nan")

    def __enter__(self) -> "Peak":
        if FORGET.exists():
            FORGET.write_text("5")
            self._before = status_value("VmRSS")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if FORGET.exists():
            self.megabytes = (status_value("VmHWM") - self._before) / 1024


def status_value(name: str) -> int:
    """The status of this process: memory (``VmRSS``, ``VmHWM``) in kB, ``Threads``."""
    (line,) = (s for s in STATUS.read_text().splitlines() if s.startswith(f"{name}:"))
    return int(line.split()[1])
