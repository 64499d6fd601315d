"""Does the suite notice a wrong line? ``python -m tests.mutants`` breaks lines and runs the tests.

Each mutant is one line of the program replaced by a wrong one, and the tests that should fail on
it. The program is copied, broken, tested and mended again, one mutant after the other; the result
is a table for docs/robustness.md. A mutant whose line is no longer there is an error, also of the
suite: mend the table.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

ROOT = Path(__file__).parent.parent
LEFT_OUT = ignore_patterns(".git", ".venv", "runs", "datasets", "__pycache__", "*.jpg", "*.pt")
# Seconds after which a mutant that hangs counts as noticed.
LONGEST = 200


@dataclass(frozen=True)
class Mutant:
    """One wrong line.

    Attributes:
        path: of the file, from the project's folder.
        right: a part of exactly one line in it.
        wrong: what stands there instead.
        tests: what pytest is given.
    """

    path: str
    right: str
    wrong: str
    tests: str


def all_mutants() -> list[Mutant]:
    """Those of every list."""
    import mutant_list
    import picture_mutants

    rows = [*mutant_list.LIST, *picture_mutants.LIST]
    return [Mutant(path, *change, tests) for path, tests, changes in rows for change in changes]


def apply(mutant: Mutant, project: Path) -> str:
    """Break the line; give the file's text as it was.

    Raises:
        ValueError: the line is not there, or more than once.
    """
    file = project / mutant.path
    text = file.read_text()
    if text.count(mutant.right) != 1:
        raise ValueError(
            f"{mutant.path} holds {mutant.right!r} {text.count(mutant.right)} times, expected once"
        )
    file.write_text(text.replace(mutant.right, mutant.wrong))
    return text


def noticed(mutant: Mutant, project: Path) -> bool:
    """Whether a test fails while the line is broken."""
    before = apply(mutant, project)
    try:
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-x",
                "-q",
                "-p",
                "no:cacheprovider",
                *shlex.split(mutant.tests),
            ],
            cwd=project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    finally:
        (project / mutant.path).write_text(before)
    return run.returncode == 1


def table(results: list[tuple[Mutant, bool]]) -> str:
    """The results as a Markdown table."""
    lines = ["| file | right | wrong | noticed |", "|---|---|---|---|"]
    for mutant, dead in results:
        cells = (f"`{text.strip()}`".replace("|", "\\|") for text in (mutant.right, mutant.wrong))
        lines.append(f"| {mutant.path} | {' | '.join(cells)} | {'yes' if dead else '**no**'} |")
    return "\n".join(lines)


def main() -> int:
    """Run all mutants, or those of some files; 1 where more than a tenth is not noticed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", help="parts of paths; none: every file")
    parser.add_argument("--check", action="store_true", help="only see that every line is there")
    wish = parser.parse_args()
    chosen = [m for m in all_mutants() if not wish.files or any(f in m.path for f in wish.files)]
    with tempfile.TemporaryDirectory() as folder:
        project = copytree(ROOT, Path(folder, "project"), ignore=LEFT_OUT)
        for mutant in chosen:
            (project / mutant.path).write_text(apply(mutant, project))
        if wish.check:
            return 0
        results = []
        for mutant in chosen:
            start = time.monotonic()
            results.append((mutant, noticed(mutant, project)))
            word = "noticed" if results[-1][1] else "ALIVE"
            seconds = time.monotonic() - start
            print(
                f"{word} {mutant.path}: {mutant.wrong} ({seconds:.0f} s)",
                file=sys.stderr,
                flush=True,
            )
    alive = sum(not dead for _, dead in results)
    print(f"{len(results)} mutants, {alive} not noticed.\n\n{table(results)}")
    return int(alive > len(results) / 10)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main())
