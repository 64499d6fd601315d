"""The facts of a training run for the model card: command, data, duration, machine."""

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PROJECT = Path(__file__).parents[2]
# Libraries whose versions may change the results.
LIBRARIES = ("torch", "torchvision", "accelerate", "numpy", "opencv-python-headless")


@dataclass(frozen=True)
class DataFacts:
    """One source of training data.

    Attributes:
        name: the path or repository as the user gave it; empty where nothing was read.
        kind: in words, such as ``zip archive of faces``.
        parts: number of samples a part, such as ``{"train": 5109, "val": 400}``.
        sha256: of the archive, or of a folder's names and sizes; empty where there is neither.
        license: as the Hub names it, where the kind of data implies one.
        license_name: of a license that the Hub calls ``other``.
        dataset: id of a data set on the Hub, where it is one.
        note: one more sentence about it, such as its source.
    """

    name: str
    kind: str
    parts: Mapping[str, int] = field(default_factory=dict)
    sha256: str = ""
    license: str = ""
    license_name: str = ""
    dataset: str = ""
    note: str = ""

    def in_words(self) -> str:
        """One line of a card."""
        counts = ", ".join(f"{count} {part}" for part, count in self.parts.items())
        words = [f"{self.kind}" + f" `{self.name}`" * bool(self.name)]
        words += [f"({counts})"] * bool(counts) + [f"SHA-256 `{self.sha256}`"] * bool(self.sha256)
        return ", ".join(words[:1]) + " " * bool(counts) + ", ".join(words[1:])


@dataclass(frozen=True)
class RunFacts:
    """The facts of a training run.

    Attributes:
        settings: of the run, by name.
        data: the sources of training data.
        command: as it was typed.
        seconds: of training in all.
        steps: of the optimizer.
        parameters: of the network.
    """

    settings: Mapping[str, object] = field(default_factory=dict)
    data: Sequence[DataFacts] = ()
    command: str = ""
    seconds: float = 0.0
    steps: int = 0
    parameters: int = 0


def sha256_of(path: Path) -> str:
    """Of a file's bytes, or of the names and sizes of a folder's files, in hexadecimal."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    files = sorted(p for p in path.rglob("*") if p.is_file())
    listed = (f"{p.relative_to(path).as_posix()} {p.stat().st_size}\n" for p in files)
    return hashlib.sha256("".join(listed).encode()).hexdigest()


def typed_command(arguments: Sequence[str] | None = None) -> str:
    """The command line of this process, as one would type it again in the project's folder.

    Args:
        arguments: of the command where they are not the process's.
    """
    import shlex

    module = getattr(sys.modules.get("__main__"), "__spec__", None)
    name = (module.name if module else "training").removesuffix(".__main__")
    words = sys.argv[1:] if arguments is None else arguments
    return shlex.join(["python", "-m", name, *words])


def commit() -> str:
    """The commit of the code that runs, ``+ changes`` where files differ; empty if unknown."""
    if not (PROJECT / ".git").exists():
        return ""

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), *words], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "--short=12", "HEAD") + " + changes" * bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return ""


def versions() -> dict[str, str]:
    """Of Python and of the libraries that are installed."""
    found = {"Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def hardware() -> str:
    """The GPU, or the processor and how many of its cores there are."""
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    if torch.backends.mps.is_available():
        return f"Apple GPU, {platform.processor()}"
    return f"CPU {_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def run_lines(facts: RunFacts) -> list[str]:
    """The facts of a run as lines of a card, ``name: value``; unknown ones are left out."""
    libraries = ", ".join(f"{name} {number}" for name, number in versions().items())
    named = {
        "duration": f"{facts.seconds:.0f} s" if facts.seconds else "",
        "steps": facts.steps or "",
        "parameters": f"{facts.parameters:,}" if facts.parameters else "",
        "hardware": hardware(),
        "commit": commit(),
        "libraries": libraries,
    }
    rows = {name.replace("_", " "): value for name, value in facts.settings.items()}
    return [f"{name}: {value}" for name, value in (rows | named).items() if value != ""]
