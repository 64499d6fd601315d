"""The five commands of docs/training.md, as they are written there, on a Hub on loopback."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from drawn_people import write_archives
from photos import BUS

from bgswap.cli import main as bgswap
from bgswap.models import STARTER
from training.__main__ import main as training

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
# Less of the same, so that the five take seconds.
QUICKLY = {
    "train": ["--samples", "16", "--epochs", "1", "--cpu"],
    "evaluate": ["--rounds", "1", "--noise-steps", "0"],
    "bgswap": ["--steps", "1", "--json", "--preset", "starter"],
}


def five_commands() -> list[list[str]]:
    """The words of each, continued lines put together."""
    block = re.findall(r"```bash\n(.*?)```", GUIDE, re.S)[0]
    return [shlex.split(line) for line in block.replace("\\\n", " ").splitlines()]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the commands name."""
    archives = write_archives(tmp_path / "datasets" / "archives")
    shutil.make_archive(str(tmp_path / "datasets" / "people"), "zip", archives)
    shutil.copy(BUS, tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BGSWAP_MODELS", "auto")
    monkeypatch.setenv("BGSWAP_PERSON_DETECTOR", str(STARTER / "person-detector"))
    return tmp_path


def test_from_data_to_a_space_in_five_commands(
    hub, work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    commands = five_commands()
    assert len(commands) == 5
    told = []
    for words in commands:
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            monkeypatch.setenv(name, value)
        assert words[:2] == ["python", "-m"]
        module, *rest = words[2:]
        run = {"training": training, "bgswap": bgswap}[module]
        step = rest[1] if module == "training" else module
        assert run([*rest, *QUICKLY.get(step, [])]) == 0, words
        told.append(capsys.readouterr().out)
    assert "BGSWAP_MASK_AUTOENCODER=OWNER/NAME@v1" in told[2]
    pushed = hub.repos["models", "OWNER/NAME"]
    card = pushed.commits[pushed.refs["v1"]]["README.md"].decode()
    assert "samples: 16" in card and "| damaged |" in card
    assert json.loads(told[3])["models"]["mask_autoencoder"]["weights"] == "OWNER/NAME"
    assert (work / "beach.png").stat().st_size > 0
    space = hub.repos["spaces", "OWNER/NAME-app"]
    assert {"app.py", "requirements.txt"} <= set(space.commits[space.refs["main"]])


def test_readme_names_the_guide() -> None:
    assert "(docs/training.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
