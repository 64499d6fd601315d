"""Mutation testing: ``python -m tests.mutants`` replaces lines by wrong ones and runs the tests.

Each mutant is one line of the program with a wrong replacement, and the tests that should fail on
it. The mutants are applied one at a time to a copy of the program; the result is a table for
docs/robustness.md. A mutant whose line no longer exists is an error, also of the test suite: update
its entry.
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
# Seconds after which a mutant that hangs counts as detected.
LONGEST = 200


@dataclass(frozen=True)
class Mutant:
    """One wrong line.

    Attributes:
        path: of the file, from the project's folder.
        right: a part of exactly one line in it.
        wrong: its replacement.
        tests: arguments of pytest.
    """

    path: str
    right: str
    wrong: str
    tests: str


def all_mutants() -> list[Mutant]:
    """The mutants of all lists."""
    import model_mutants
    import mutant_list
    import picture_mutants

    rows = [*mutant_list.LIST, *model_mutants.LIST, *picture_mutants.LIST]
    return [Mutant(path, *change, tests) for path, tests, changes in rows for change in changes]


def apply(mutant: Mutant, project: Path) -> str:
    """Apply a mutant; returns the file's original text.

    Raises:
        ValueError: the line does not exist, or more than once.
    """
    file = project / mutant.path
    text = file.read_text()
    if text.count(mutant.right) != 1:
        raise ValueError(
            f"{mutant.path} holds {mutant.right!r} {text.count(mutant.right)} times, expected once"
        )
    file.write_text(text.replace(mutant.right, mutant.wrong))
    return text


def detected(mutant: Mutant, project: Path) -> bool:
    """Whether a test fails with the mutant applied."""
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
    # 3: pytest itself failed, where a test had replaced what it uses.
    return run.returncode in (1, 3)


def table(results: list[tuple[Mutant, bool]]) -> str:
    """The results as a Markdown table."""
    lines = ["| file | right | wrong | detected |", "|---|---|---|---|"]
    for mutant, dead in results:
        cells = (f"`{text.strip()}`".replace("|", "\\|") for text in (mutant.right, mutant.wrong))
        lines.append(f"| {mutant.path} | {' | '.join(cells)} | {'yes' if dead else '**no**'} |")
    return "\n".join(lines)


def main() -> int:
    """Run all mutants, or those of some files; returns 1 where more than a tenth survive."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", help="parts of paths; none: every file")
    parser.add_argument("--check", action="store_true", help="only check that every line exists")
    options = parser.parse_args()
    chosen = [
        m for m in all_mutants() if not options.files or any(f in m.path for f in options.files)
    ]
    with tempfile.TemporaryDirectory() as folder:
        project = copytree(ROOT, Path(folder, "project"), ignore=LEFT_OUT)
        for mutant in chosen:
            (project / mutant.path).write_text(apply(mutant, project))
        if options.check:
            return 0
        results = []
        for mutant in chosen:
            start = time.monotonic()
            results.append((mutant, detected(mutant, project)))
            word = "detected" if results[-1][1] else "SURVIVED"
            seconds = time.monotonic() - start
            print(
                f"{word} {mutant.path}: {mutant.wrong} ({seconds:.0f} s)",
                file=sys.stderr,
                flush=True,
            )
    alive = sum(not dead for _, dead in results)
    print(f"{len(results)} mutants, {alive} not detected.\n\n{table(results)}")
    return int(alive > len(results) / 10)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    sys.exit(main())
