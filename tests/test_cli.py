"""The command line, as a person and as a script meet it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from photos import BUS, ZIDANE, empty_photo
from PIL import Image

from bgswap import BackgroundSwapper, BadInput, SwapOptions, cli
from bgswap.cli import commands
from bgswap.cli.arguments import COMMANDS

FAST = ["--seed", "5", "--steps", "1", "--models", "starter"]


def run(*arguments: object) -> tuple[int, str, str]:
    """A process of its own, as a shell starts it."""
    command = [sys.executable, "-m", "bgswap", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_whole_run_as_a_process(tmp_path: Path) -> None:
    out, cut = tmp_path / "out.png", tmp_path / "cut.png"
    status, stdout, stderr = run(
        BUS, "--prompt", "a forest", "--people", "1,2", "--output", out, "--cutout", cut,
        "--json", *FAST,
    )  # fmt: skip
    assert status == 0, stderr
    details = json.loads(stdout)
    assert details["kept"] == [1, 2]
    # a scene of one step may let people grow: then more seeds were tried, and the best counts
    tried = [candidate["seed"] for candidate in details["candidates"]]
    assert sorted(tried) == list(range(5, 6 + details["retries"])) and details["seed"] == tried[0]
    image, cutout = Image.open(out), Image.open(cut)
    assert image.size == cutout.size == (810, 1080)
    assert cutout.mode == "RGBA"
    photo, alpha = np.asarray(Image.open(BUS)), np.asarray(cutout)[:, :, 3]
    assert (alpha == 255).mean() > 0.05
    assert np.array_equal(np.asarray(image)[alpha == 255], photo[alpha == 255])


def test_list_as_a_process() -> None:
    status, stdout, stderr = run(BUS, "--list", "--json", "--models", "starter")
    assert status == 0, stderr
    details = json.loads(stdout)
    assert set(details) == {"people", "models", "seconds", "size", "notes"}
    assert len(details["people"]) >= 3


def test_list_for_a_person_to_read(capsys: pytest.CaptureFixture) -> None:
    assert cli.main([str(ZIDANE), "--list", "--models", "starter"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("person 1: box [")
    assert any(
        line.startswith("people: starter (starter, license research-and-non-commercial)")
        for line in lines
    )


@pytest.fixture
def broken(tmp_path: Path) -> dict[str, Path]:
    text = tmp_path / "notes.jpg"
    text.write_text("no picture at all")
    cut_off = tmp_path / "cut-off.jpg"
    cut_off.write_bytes(BUS.read_bytes()[:20_000])
    empty = tmp_path / "empty.png"
    cv2.imwrite(str(empty), empty_photo())
    return {"text": text, "cut off": cut_off, "empty": empty, "missing": tmp_path / "none.jpg"}


@pytest.mark.parametrize(
    ("photo", "arguments", "status"),
    [
        ("text", ["--list"], 2),
        ("cut off", ["--list"], 2),
        ("missing", ["--list"], 2),
        ("empty", ["--list"], 3),
        ("empty", ["--prompt", "a forest"], 3),
        ("zidane", ["--prompt", "a forest", "--people", "9"], 2),
        ("zidane", ["--prompt", "a forest", "--people", ""], 2),
        ("zidane", ["--prompt", "a forest", "--people", "everybody"], 2),
        ("zidane", ["--prompt", "a forest", "--shadow", "1.5"], 2),
        ("zidane", ["--prompt", "a forest", "--steps", "0"], 2),
        ("zidane", ["--prompt", "a forest", "--steps", "many"], 2),
        ("zidane", ["--prompt", "a forest", "--output", "out.docx"], 2),
        ("zidane", ["--prompt", "a forest", "--output", "nowhere/out.png"], 2),
        ("zidane", ["--prompt", "a forest", "--cutout", "cut.jpg"], 2),
        ("zidane", ["--prompt", ""], 2),
        ("zidane", [], 2),
        ("zidane", ["--list", "--models", "best"], 2),
    ],
)
def test_faults_are_one_line_and_a_status(
    broken: dict[str, Path],
    photo: str,
    arguments: list[str],
    status: int,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BGSWAP_MODELS", "starter")
    path = broken.get(photo, ZIDANE)
    assert cli.main([str(path), *arguments]) == status
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1 and said.err.startswith("bgswap: ")
    if status == 3:
        assert said.err == "bgswap: No person detected\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--output", "folder.png"], "folder has that name"),
        (["--output", "n" * 300 + ".png"], "too long"),
        (["--output", "photo.png"], "overwrite the photo"),
        (["--output", "link.png"], "overwrite the photo"),
        (["--cutout", "photo.png"], "overwrite the photo"),
        (["--output", "same.png", "--cutout", "folder.png/../same.png"], "need different files"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_any_work(
    arguments: list[str],
    said: str,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(commands, "_swapper", lambda options: pytest.fail("models were asked for"))
    Image.open(ZIDANE).save("photo.png")
    before = Path("photo.png").read_bytes()
    Path("link.png").symlink_to("photo.png")
    Path("folder.png").mkdir()
    assert cli.main(["photo.png", "--prompt", "a forest", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert Path("photo.png").read_bytes() == before


@pytest.mark.parametrize(
    "command", [["bgswap", str(BUS), "--list"], ["bgswap", "warm-up"], ["bgswap.warm_up"]]
)
def test_a_missing_system_library_is_one_sentence(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "cv2.py").write_text('raise ImportError("libGL.so.1: cannot open shared object")')
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("bgswap: OpenCV cannot be loaded (libGL.so.1")
    packages = (Path(__file__).parent.parent / "packages.txt").read_text().split()
    assert f"apt-get install {' '.join(packages)}" in done.stderr


DETAILS = {"people": [], "models": {}, "notes": ["🏖 è \udce9"]}
ANSWERS = f"""
import sys
from bgswap import cli
from bgswap.cli import commands
commands.list_people = lambda options: {DETAILS!r}
sys.exit(cli.main(["photo.jpg", "--list", *sys.argv[1:]]))
"""


def answered(*arguments: str, encoding: str = "utf-8", output: object = subprocess.PIPE):
    """A process whose details are those above, on a terminal of that encoding."""
    return subprocess.run(
        [sys.executable, "-c", ANSWERS, *arguments],
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii", "latin-1"])
def test_every_encoding_can_hold_the_answer(encoding: str) -> None:
    done = answered("--json", encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout.decode(encoding)) == DETAILS
    done = answered(encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"note: " in done.stdout


def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = answered("--json", output=full)
    assert done.returncode == 1
    assert done.stderr == b"bgswap: the answer cannot be written: No space left on device\n"


def test_a_closed_pipe_is_one_line() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = answered("--json", output=closed)
    assert done.returncode == 1
    assert done.stderr == b"bgswap: the answer cannot be written: Broken pipe\n"


def test_a_bug_is_an_internal_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def fail(options: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(commands, "list_people", fail)
    assert cli.main([str(ZIDANE), "--list"]) == 1
    assert capsys.readouterr().out == ""


def test_finishing_options_reach_the_swap(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    def swap(self: object, photo: str, prompt: str, people: str, options: SwapOptions) -> None:
        asked.update(vars(options))
        raise BadInput("far enough")

    monkeypatch.setattr(BackgroundSwapper, "swap", swap)
    arguments = ["--light", "0.3", "--shadow", "0.5", "--enhance-faces", "0.7"]
    assert cli.main([str(ZIDANE), "--prompt", "a forest", *arguments]) == 2
    assert (asked["light"], asked["shadow"], asked["enhance_faces"]) == (0.3, 0.5, 0.7)


def test_help_names_every_exit_status(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    assert stop.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "3 no person detected" in said
    assert all(command in said for command in COMMANDS)
