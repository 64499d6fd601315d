"""What README shows in Python and on the command line does what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from photos import BUS, ZIDANE
from PIL import Image

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that README names: a photo of four people, a beach, two masks."""
    shutil.copy(BUS, tmp_path / "friends.jpg")
    shutil.copy(ZIDANE, tmp_path / "beach.jpg")
    size = Image.open(BUS).size
    for name, box in (("hat", (100, 100, 120, 120)), ("sign", (700, 100, 720, 120))):
        mask = Image.new("L", size)
        mask.paste(255, box)
        mask.save(tmp_path / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_python(files: Path) -> None:
    names: dict = {}
    for block in blocks("python"):
        if "gradio_client" not in block:
            exec(block.replace("SwapOptions(seed=7)", "SwapOptions(seed=7, steps=1)"), names)
    assert names["result"].details["kept"] == [1, 3]
    assert names["second"].details["seconds"]["find"] == 0
    assert np.array_equal(names["second"].cutout, names["result"].cutout)
    assert names["picture"].image.shape == (1080, 810, 3)


def test_command_lines(files: Path) -> None:
    lines = [
        line.split("    #")[0].strip()
        for block in blocks("bash")
        for line in block.splitlines()
        if line.startswith(".venv/bin/python -m bgswap ")
    ]
    assert len(lines) >= 6
    for line in lines:
        command = line.replace(".venv/bin/python", sys.executable)
        if "--prompt" in command:
            command += " --steps 1"
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL, env=environment)
    for name in ("beach.png", "us.png", "mask.png", "friends-swapped.jpg"):
        assert Image.open(files / name).size[1] > 0
    assert Image.open(files / "friends-swapped.jpg").size == (1080, 1920)
