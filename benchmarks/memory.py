"""Growth of memory, threads and open files over many swaps in one process.

    python -m benchmarks.memory [PHOTO] [--swaps 200] [--megapixels 0.1]

Small swaps in a row with the starter models. The slope is that of a line through the resident
memory after each swap; the first ones do not count, since caches fill and models load. Linux only.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peak import status_value
from benchmarks.sheet import known_photo
from bgswap import BackgroundSwapper, Settings, SwapOptions
from bgswap.io.images import fit_within, open_photo
from training.common.cards import markdown_table

PROMPTS = ("a forest", "a beach at sunset", "snow-covered mountains")


@dataclass(frozen=True)
class Usage:
    """Resources of a process: resident memory in MB, threads, and open files."""

    megabytes: float
    threads: int
    files: int

    @classmethod
    def now(cls) -> "Usage":
        """The resources of this process."""
        files = sum(1 for _ in Path("/proc/self/fd").iterdir())
        return cls(status_value("VmRSS") / 1024, status_value("Threads"), files)


def swaps(photo: np.ndarray, count: int) -> Iterator[Usage]:
    """Swap a photo (H, W, 3) uint8 RGB repeatedly; the resources after each swap."""
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    for number in range(count):
        options = SwapOptions(seed=number, steps=1, light=0.3, shadow=0.5)
        swapper.swap(photo, PROMPTS[number % len(PROMPTS)], options=options)
        yield Usage.now()


def slope(megabytes: np.ndarray) -> float:
    """Least-squares slope of the memory, MB a swap."""
    return float(np.polyfit(np.arange(len(megabytes)), megabytes, 1)[0])


def table(held: list[Usage], skipped: int) -> str:
    """The growth after the skipped swaps, as markdown."""
    counted = held[skipped:]
    first, last = counted[0], counted[-1]
    grown = slope(np.array([usage.megabytes for usage in counted]))
    head = ["swaps", "MB a swap", "MB", "threads", "open files"]
    cells = [f"{getattr(first, n):.0f} → {getattr(last, n):.0f}" for n in vars(first)]
    return markdown_table(
        head, [[f"{skipped + 1} to {len(held)}", f"{round(grown, 3) + 0.0:+.3f}", *cells]]
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photo", nargs="?", type=Path, help="default: ultralytics' zidane.jpg")
    parser.add_argument("--swaps", type=int, default=200)
    parser.add_argument("--skip", type=int, default=20, help="swaps that do not count")
    parser.add_argument("--megapixels", type=float, default=0.1)
    asked = parser.parse_args()
    photo = open_photo(asked.photo or known_photo("zidane.jpg"))
    small = fit_within(photo, pixels=int(asked.megapixels * 1e6))
    print(table(list(swaps(small, asked.swaps)), asked.skip))


if __name__ == "__main__":
    main()
