"""The list of wrong lines fits the program; running them is a command of its own."""

import shlex
from pathlib import Path
from shutil import copy

import pytest
from mutants import ROOT, Mutant, all_mutants, apply


@pytest.mark.parametrize("mutant", all_mutants(), ids=lambda m: f"{m.path}: {m.wrong}"[:70])
def test_the_line_and_its_tests_are_there(mutant: Mutant, tmp_path: Path) -> None:
    target = tmp_path / mutant.path
    target.parent.mkdir(parents=True)
    copy(ROOT / mutant.path, target)
    apply(mutant, tmp_path)
    assert mutant.right != mutant.wrong
    compile(target.read_text(), mutant.path, "exec")
    named = [word for word in shlex.split(mutant.tests) if word.startswith("tests/")]
    assert named
    assert all((ROOT / name.partition("::")[0]).exists() for name in named)


def test_a_line_that_is_gone_is_reported(tmp_path: Path) -> None:
    (tmp_path / "room.py").write_text("a = 1\n")
    with pytest.raises(ValueError, match="holds 'b = 1' 0 times"):
        apply(Mutant("room.py", "b = 1", "b = 2", ""), tmp_path)


def test_there_are_mutants_of_every_room() -> None:
    rooms = {Path(mutant.path).parts[1] for mutant in all_mutants()}
    assert {"detection", "matting", "backgrounds", "compositing", "options.py", "io"} <= rooms
    assert len(all_mutants()) >= 150
