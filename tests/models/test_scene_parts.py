"""LoRA, tiny autoencoder and safety checker: found, missing, turned off, required on a Space."""

import pytest
import tiny
import torch
from safetensors.torch import load_file, save_file

from bgswap.errors import ModelUnavailable
from bgswap.models.manager import ModelManager
from bgswap.models.roles import model_roles
from bgswap.models.scene_parts import roles_of
from bgswap.models.store import WeightStore
from bgswap.presets import PRESETS
from bgswap.settings import Settings


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("parts")
    return {
        "scene_fast": tiny.save_inpainting(root / "inpainting"),
        "scene_lora": tiny.save_lora(root / "lora"),
        "scene_decoder": tiny.save_decoder(root / "decoder"),
        "safety": tiny.save_classifier(root / "classifier"),
    }


def manager(folders, wait=True, **changes):
    named = {role: str(folder) for role, folder in folders.items()} | changes
    safety = named.pop("safety")
    settings = Settings(device="cpu", scenes=named, safety=safety)
    return ModelManager(settings, WeightStore(settings, wait=wait))


def test_all_parts_are_used(folders):
    loaded = manager(folders).scene("fast")
    assert (loaded.weights.kind, loaded.note, loaded.model.notes) == ("full", "", [])
    assert type(loaded.model.pipe.vae).__name__ == "AutoencoderTiny"
    assert loaded.model.pipe.safety_checker is None
    assert loaded.model.checker is not None


def test_parts_are_turned_off_by_empty_settings(folders):
    loaded = manager(folders, scene_decoder="", safety="").scene("fast")
    assert loaded.model.notes == []
    assert type(loaded.model.pipe.vae).__name__ == "AutoencoderKL"
    assert loaded.model.pipe.safety_checker is not None
    assert loaded.model.checker is None


def test_missing_parts_are_notes(folders, tmp_path):
    nowhere = str(tmp_path / "nowhere")
    loaded = manager(folders, scene_decoder=nowhere, safety=nowhere).scene("fast")
    assert (loaded.weights.kind, loaded.note) == ("full", "")
    decoder, safety = loaded.model.notes
    assert decoder.startswith(f"Tiny autoencoder {nowhere} cannot be used: config.json is missing")
    assert decoder.endswith("the scene model's own autoencoder is used, which takes longer")
    assert safety.startswith(f"Safety checker {nowhere} cannot be used")


def test_a_part_that_comes_later_is_used_then(folders, tmp_path):
    later = tmp_path / "later"
    have = manager(folders, scene_decoder=str(later))
    first = have.scene("fast").model
    assert have.scene("fast").model is first
    tiny.save_decoder(later)
    have.store._failed.clear()
    assert type(have.scene("fast").model.pipe.vae).__name__ == "AutoencoderTiny"


def test_a_damaged_part_is_left_out_and_said(folders, tmp_path):
    folder = tiny.save_decoder(tmp_path / "damaged")
    file = folder / "diffusion_pytorch_model.safetensors"
    save_file({k: torch.full_like(v, torch.nan) for k, v in load_file(file).items()}, file)
    loaded = manager(folders, scene_decoder=str(folder)).scene("fast")
    assert loaded.weights.kind == "full"
    assert type(loaded.model.pipe.vae).__name__ == "AutoencoderKL"
    (note,) = loaded.model.notes
    assert "not finite or far too large" in note


@pytest.mark.parametrize("safety", ["nowhere", ""])
def test_a_space_needs_the_safety_checker(folders, tmp_path, monkeypatch, safety):
    monkeypatch.setenv("SPACE_ID", "someone/space")
    have = manager(folders, safety=safety and str(tmp_path / safety))
    loaded = have.scene("fast")
    assert loaded.weights.kind == "starter"
    assert "a Space needs one; the starter made the scene" in loaded.note
    assert manager(folders).scene("fast").weights.kind == "full"


def test_which_parts_a_model_has():
    assert roles_of(PRESETS["fast"], "cpu") == ["scene_lora", "scene_decoder", "safety"]
    assert roles_of(PRESETS["fast"], "cuda") == ["scene_lora", "safety"]
    assert roles_of(PRESETS["fast"].larger, "cuda") == ["scene_lora_sdxl", "safety"]
    assert roles_of(PRESETS["starter"], "cpu") == []
    assert model_roles()["scene_decoder"].repository == "madebyollin/taesd"
    assert Settings().safety == "Falconsai/nsfw_image_detection"


def test_the_lora_is_still_needed(folders, tmp_path):
    have = manager(folders, scene_lora=str(tmp_path / "nowhere"))
    loaded = have.scene("fast")
    assert loaded.weights.kind == "starter"
    assert "LCM-LoRA" in loaded.note
    with pytest.raises(ModelUnavailable):
        have.store.get("scene_lora")
