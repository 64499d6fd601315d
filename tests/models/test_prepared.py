"""Where converted UNets are, and when they are used; nothing is converted here."""

from pathlib import Path

import pytest
import tiny

from bgswap.cli import main
from bgswap.models import preparation, prepared
from bgswap.models.prepared import Verdict
from bgswap.models.scene_parts import find_parts
from bgswap.models.store import WeightStore
from bgswap.presets import PRESETS
from bgswap.settings import Settings


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("prepared")
    return {
        "scene_fast": tiny.save_inpainting(root / "inpainting"),
        "scene_lora": tiny.save_lora(root / "lora"),
        "sdxl": tiny.save_sdxl(root / "sdxl"),
    }


@pytest.fixture
def settings(folders, tmp_path, monkeypatch):
    """Of an installation with the extra."""
    monkeypatch.setattr(prepared, "versions", lambda: ("2026.1", "3.0"))
    named = {role: str(folders[role]) for role in ("scene_fast", "scene_lora")}
    scenes = named | {"scene_decoder": ""}
    return Settings(device="cpu", scenes=scenes, safety="", cache=tmp_path / "cache")


def parts(settings):
    return find_parts(PRESETS["fast"], "cpu", WeightStore(settings))


def target(settings):
    pipeline, lora = (settings.scenes[role] for role in ("scene_fast", "scene_lora"))
    return prepared.folder_of(settings.cache, Path(pipeline), Path(lora))


def test_the_folder_depends_on_everything_that_the_result_does(folders, tmp_path, monkeypatch):
    one = prepared.folder_of(tmp_path, folders["scene_fast"], folders["scene_lora"])
    assert one == prepared.folder_of(tmp_path, folders["scene_fast"], folders["scene_lora"])
    others = {prepared.folder_of(tmp_path, folders["scene_fast"], None)}
    other_lora = tiny.save_lora(tmp_path / "lora", scale=2.0)
    others.add(prepared.folder_of(tmp_path, folders["scene_fast"], other_lora))
    others.add(prepared.folder_of(tmp_path, folders["sdxl"], None))
    monkeypatch.setattr(prepared, "versions", lambda: ("2027.0", "3.0"))
    others.add(prepared.folder_of(tmp_path, folders["scene_fast"], folders["scene_lora"]))
    assert len(others | {one}) == 5
    # The same content elsewhere is the same.
    copied = tiny.save_lora(tmp_path / "copy")
    monkeypatch.undo()
    assert prepared.folder_of(tmp_path, folders["scene_fast"], copied) == one


def test_only_a_clear_gain_is_used(settings):
    assert parts(settings).unet is None, "not converted yet"
    folder = target(settings)
    prepared.write_verdict(folder, Verdict(1.29))
    assert (parts(settings).unet, parts(settings).notes) == (None, ())
    prepared.write_verdict(folder, Verdict(1.3))
    assert (parts(settings).unet, parts(settings).notes) == (folder, ())


def test_a_failed_conversion_is_a_note(settings):
    prepared.write_verdict(target(settings), Verdict(0.0, "the conversion failed (ValueError)"))
    assert parts(settings).unet is None
    (note,) = parts(settings).notes
    assert note == "OpenVINO is not used: the conversion failed (ValueError)"


def test_a_half_written_verdict_counts_as_none(settings):
    prepared.write_verdict(target(settings), Verdict(2.0))
    (target(settings) / prepared.VERDICT).write_text('{"gain": 2')
    assert parts(settings).unet is None


def test_without_the_extra_torch_paints(settings, monkeypatch):
    prepared.write_verdict(target(settings), Verdict(2.0))
    monkeypatch.setattr(prepared, "versions", lambda: None)
    assert parts(settings).unet is None
    told = preparation.prepare_scene(settings, WeightStore(settings), "fast")
    assert told == 'OpenVINO is not installed: pip install "bgswap[openvino]"'


def test_a_verdict_is_told_and_not_made_again(settings):
    prepared.write_verdict(target(settings), Verdict(2.44))
    store = WeightStore(settings)
    told = "OpenVINO (int8) is used: 2.4 times faster than torch on this machine"
    assert preparation.prepare_scene(settings, store, "fast") == told
    prepared.write_verdict(target(settings), Verdict(1.1))
    assert "is not used: 1.1 times faster" in preparation.prepare_scene(settings, store, "fast")
    assert "is not converted on this device" in preparation.prepare_scene(
        settings, store, "quality"
    )


def test_a_unet_with_more_inputs_is_not_converted(folders, tmp_path):
    assert prepared.is_convertible(folders["scene_fast"])
    assert not prepared.is_convertible(folders["sdxl"])
    assert not prepared.is_convertible(tmp_path)


def test_a_server_prepares_once_and_never_on_a_space(settings, monkeypatch):
    started = []
    monkeypatch.setattr(preparation.subprocess, "Popen", lambda *a, **k: started.append(a[0]) or 1)
    store = WeightStore(settings)
    assert preparation.prepare_beside(settings, store) == 1
    assert started[0][1:] == ["-m", "bgswap.models.preparation"]
    monkeypatch.setenv("SPACE_ID", "someone/space")
    assert preparation.prepare_beside(settings, store) is None
    monkeypatch.delenv("SPACE_ID")
    prepared.write_verdict(target(settings), Verdict(1.0))
    assert preparation.prepare_beside(settings, store) is None
    assert len(started) == 1


def test_the_command_tells_the_verdict(settings, monkeypatch, capsys):
    prepared.write_verdict(target(settings), Verdict(1.5))
    for role, folder in settings.scenes.items():
        monkeypatch.setenv(f"BGSWAP_{role.upper()}", folder)
    monkeypatch.setenv("BGSWAP_CACHE", str(settings.cache))
    monkeypatch.setenv("BGSWAP_MODELS", "auto")
    monkeypatch.setenv("BGSWAP_DEVICE", "cpu")
    assert main(["models", "--prepare", "--preset", "fast"]) in (0, None)
    shown = capsys.readouterr().out
    assert shown.rstrip().endswith(
        "OpenVINO (int8) is used: 1.5 times faster than torch on this machine"
    )
