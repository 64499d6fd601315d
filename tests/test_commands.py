"""The commands of ``bgswap``, beside the form without a command that test_cli.py covers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from photos import ZIDANE
from PIL import Image

from bgswap import cli
from bgswap.cli import commands
from bgswap.models.roles import starter_folders

FAST = ["--seed", "5", "--steps", "1", "--models", "starter"]


def test_the_commands_do_what_the_form_without_a_command_does(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    def details(*arguments: str) -> dict[str, object]:
        assert cli.main([*arguments, "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        answer.pop("seconds")
        return answer

    # A process's first picture can differ from all later ones by one level in a few pixels.
    details("cutout", str(ZIDANE), "--models", "starter")
    photo, swap = str(ZIDANE), ["--prompt", "a forest", "--people", "2", *FAST]
    old = details(photo, *swap, "--output", "old.png", "--cutout", "old-cut.png")
    assert details("swap", photo, *swap, "--output", "new.png") == old
    assert np.array_equal(np.asarray(Image.open("old.png")), np.asarray(Image.open("new.png")))

    people = details(photo, "--list", "--models", "starter")
    assert details("people", photo, "--models", "starter") == people

    cut = details("cutout", photo, "--people", "2", "--models", "starter")
    assert cut == people | {"kept": [2]}, "no scene model takes part"
    before, alone = Image.open("old-cut.png"), Image.open("zidane-cutout.png")
    assert alone.mode == "RGBA" and np.array_equal(np.asarray(before), np.asarray(alone))


def test_a_cutout_is_refused_where_it_cannot_be_written(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "_swapper", lambda options: pytest.fail("models were asked for"))
    for output in ("cut.jpg", "nowhere/cut.png"):
        assert cli.main(["cutout", str(ZIDANE), "--output", output]) == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_models_names_source_license_and_size_of_all_weights(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BGSWAP_FACE_VAE", "somebody/faces@v2")
    monkeypatch.setenv("BGSWAP_CACHE", str(tmp_path))
    assert cli.main(["models", "--models", "auto", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)["models"]
    found = {(e["role"], e["kind"]): e for e in entries}
    assert found["face_vae", "full"] | {"bytes": None, "title": "Face VAE"} == {
        "role": "face_vae",
        "title": "Face VAE",
        "name": "somebody/faces@v2",
        "kind": "full",
        "source": "https://huggingface.co/somebody/faces",
        "license": "not known",
        "bytes": None,
    }
    starter = found["face_vae", "starter"]
    assert starter["license"] == "celeba-non-commercial-research"
    on_disk = [file.stat().st_size for file in Path(starter["source"]).iterdir()]
    assert starter["bytes"] == sum(on_disk)
    assert found["face_finder", "starter"]["license"] == "mit"
    assert found["person_detector", "full"]["license"] == "agpl-3.0"
    assert found["scene_fast", "full"]["license"] == "creativeml-openrail-m"
    assert found["scene_lora", "full"]["license"] == "openrail++"

    assert cli.main(["models", "--models", "starter"]) == 0
    lines = capsys.readouterr().out.splitlines()
    # The face finder comes with another package.
    assert len(lines) == len(starter_folders()) + 1 and all("MB, from " in line for line in lines)


def test_the_page_without_gradio_is_one_sentence(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for name in [name for name in sys.modules if name.split(".")[:2] == ["bgswap", "ui"]]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert cli.main(["serve", "--port", "7861"]) == 1
    assert capsys.readouterr().err == 'bgswap: The page needs Gradio: pip install "bgswap[app]"\n'


def test_warming_up_says_nothing() -> None:
    for command in (["bgswap", "warm-up"], ["bgswap.warm_up"]):
        done = subprocess.run([sys.executable, "-m", *command], capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_many_photos_are_a_command(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    assert cli.main(["batch", "--out", str(tmp_path), "--prompt", "x"]) == 2
    assert capsys.readouterr().err.startswith("bgswap: no photos")
