"""``python -m training MODEL STEP``, and the older names of the same commands."""

import re
import runpy
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from training.__main__ import COMMANDS, find_command, main

ROOT = Path(__file__).parents[2]
# The scene's card names it with the commit that holds it.
OF_A_COMMIT = "training.starter_scene"
OLD = ["training.face_vae", "training.mask_autoencoder", "training.push"]
KINDS = ["face-vae", "mask-autoencoder", "person-detector", "matting", "scene", "swaps"]
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("bgswap/starter/*/README.md")),
    *sorted(ROOT.glob("training/common/card_templates/*.md")),
]


def help_of(module: str, words: list[str], monkeypatch, capsys) -> str:
    monkeypatch.setattr(sys, "argv", [module, *words, "--help"])
    with pytest.raises(SystemExit) as leaving:
        runpy.run_module(module, run_name="__main__", alter_sys=False)
    assert not leaving.value.code
    return capsys.readouterr().out


@pytest.mark.filterwarnings("ignore:.*found in sys.modules.*:RuntimeWarning")
@pytest.mark.parametrize("module", OLD)
def test_the_older_names_still_work(module, monkeypatch, capsys):
    assert "usage: python -m training " in help_of(module, [], monkeypatch, capsys)


@pytest.mark.filterwarnings("ignore:.*found in sys.modules.*:RuntimeWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_evaluate_takes_each_kind_as_before(kind, monkeypatch, capsys):
    assert f"training evaluate {kind} " in help_of("training.evaluate", [kind], monkeypatch, capsys)


@pytest.mark.parametrize(
    ("words", "flag"),
    [
        ("face_vae train", "--kl-weight"),
        ("face-vae evaluate", "--features"),
        ("face_vae fit_gains", "--faces-used"),
        ("mask_autoencoder train", "--people"),
        ("mask_autoencoder evaluate", "--noise-steps"),
        ("matting train", "--pack"),
        ("matting evaluate", "--weights"),
        ("detector train", "--packs"),
        ("detector evaluate", "--scenes"),
        ("scene train", "--autoencoder-seconds"),
        ("scene evaluate", "--each"),
        ("push", "--repo"),
    ],
)
def test_each_model_trains_and_evaluates(words, flag, capsys):
    with pytest.raises(SystemExit) as leaving:
        main([*words.split(), "--help"])
    assert not leaving.value.code
    assert flag in capsys.readouterr().out


def test_every_command_of_the_table_is_there():
    for steps in COMMANDS.values():
        for module, _ in steps.values():
            assert callable(import_module(module).main), module


@pytest.mark.parametrize(
    ("words", "message"),
    [([], "nothing"), (["vae", "train"], "got vae"), (["face_vae", "tain"], "train or evaluate")],
)
def test_a_wrong_command_lists_what_there_is(words, message, capsys):
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_the_commands_in_documents_and_cards_are_there():
    found = 0
    for path in DOCUMENTS:
        text = re.sub(r"\s+", " ", path.read_text())
        for word, rest in re.findall(r"python -m training(\.[\w.]+)? ?([\w-]+ ?[\w-]*)", text):
            found += 1
            if rest.startswith("--help") or f"training{word}" == OF_A_COMMIT:
                continue
            if word:
                assert find_spec(f"training{word}"), (path, word)
            else:
                find_command(rest.split())
    assert found > 8
