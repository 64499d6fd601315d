"""Damaged or foreign full weights: the starter is used, with a note, also in later calls."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import bad_weights
import pytest
import tiny
import torch
from bad_weights import Harm, configured, filled

from bgswap import ModelUnavailable, Settings
from bgswap.models import Role, WeightStore
from bgswap.models.manager import Loaded, ModelManager

HARMED = (
    [("mask_autoencoder", name, harm) for name, harm in bad_weights.MASKS.items()]
    + [("face_vae", name, harm) for name, harm in bad_weights.FACES.items()]
    + [("face_finder", name, harm) for name, harm in bad_weights.FACE_FINDER.items()]
    + [("matting", name, harm) for name, harm in bad_weights.MATTING.items()]
    + [("person_detector", name, harm) for name, harm in bad_weights.DETECTOR.items()]
)
MAKE: dict[str, Callable[[Path], Path]] = {
    "mask_autoencoder": bad_weights.mask_folder,
    "face_finder": bad_weights.face_finder_folder,
    "face_vae": bad_weights.face_folder,
    "matting": bad_weights.matting_folder,
    "person_detector": bad_weights.detector_folder,
}
LOADED = {
    "mask_autoencoder": "refiner",
    "face_finder": "face_finder",
    "face_vae": "faces",
    "matting": "matter",
    "person_detector": "detector",
}


def manager(**settings: object) -> ModelManager:
    scenes = {role: str(path) for role, path in settings.items() if role.startswith("scene_")}
    others = {name: value for name, value in settings.items() if name not in scenes}
    chosen = Settings(device="cpu", scenes=scenes, **others)
    return ModelManager(chosen, WeightStore(chosen))


def assert_the_starter_serves(load: Callable[[], Loaded]) -> None:
    for _ in range(2):
        loaded = load()
        assert loaded.weights.kind != "full"
        assert "cannot be used" in loaded.note and "starter" in loaded.note
        assert "\n" not in loaded.note


@pytest.mark.parametrize("role", MAKE)
def test_intact_weights_load(tmp_path: Path, role: Role) -> None:
    served = manager(**{role: str(MAKE[role](tmp_path / "full"))})
    loaded = getattr(served, LOADED[role])()
    assert (loaded.weights.kind, loaded.note) == ("full", "")


@pytest.mark.parametrize(("role", "name", "harm"), HARMED, ids=[f"{r}: {n}" for r, n, _ in HARMED])
def test_a_harmed_folder_gives_the_starter(
    tmp_path: Path, role: Role, name: str, harm: Harm
) -> None:
    folder = MAKE[role](tmp_path / "full")
    harm(folder)
    served = manager(**{role: str(folder)})
    assert_the_starter_serves(getattr(served, LOADED[role]))
    insisting = manager(models="full", **{role: str(folder)})
    with pytest.raises(ModelUnavailable, match="cannot be used"):
        getattr(insisting, LOADED[role])()


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No host answers, so that nothing is downloaded again."""

    def refuse(*_: object) -> None:
        raise ModelUnavailable("github.com cannot be reached")

    monkeypatch.setattr("bgswap.models.official.fetch", refuse)


@pytest.mark.parametrize("name", bad_weights.OFFICIAL)
def test_a_harmed_official_file_gives_the_starter(
    tmp_path: Path, unreachable: None, name: str
) -> None:
    bad_weights.OFFICIAL[name](tmp_path / "yolov8m-seg.pt")
    assert_the_starter_serves(manager(cache=tmp_path).detector)


def test_a_whole_official_file_serves(tmp_path: Path) -> None:
    torch.save(bad_weights.official_checkpoint(), tmp_path / "yolov8m-seg.pt")
    loaded = manager(cache=tmp_path).detector()
    assert (loaded.weights.kind, loaded.note) == ("full", "")


SCENES: dict[str, Harm] = {
    "unet: nan": lambda folder: filled(torch.nan)(folder / "unet"),
    "unet: another network": lambda folder: bad_weights.of_another_network(folder / "unet"),
    "unet: other channels": lambda folder: bad_weights.widened(folder / "unet"),
    "vae: infinite": lambda folder: filled(torch.inf)(folder / "vae"),
    "text encoder: a tensor missing": lambda folder: bad_weights.reshaped(folder / "text_encoder"),
    "unet: no channels": lambda folder: configured(block_out_channels=[])(folder / "unet"),
    "checker: nan": lambda folder: filled(torch.nan)(folder / "safety_checker"),
}


@pytest.mark.parametrize("name", SCENES)
def test_a_harmed_scene_model_gives_the_starter(tmp_path: Path, name: str) -> None:
    folder = tiny.save_inpainting(tmp_path / "full")
    SCENES[name](folder)
    served = manager(scene_quality=str(folder))
    assert_the_starter_serves(lambda: served.scene("quality"))


def test_a_harmed_lora_gives_the_starter(tmp_path: Path) -> None:
    folder, lora = tiny.save_inpainting(tmp_path / "full"), tiny.save_lora(tmp_path / "lora")
    filled(torch.nan)(lora)
    served = manager(scene_fast=str(folder), scene_lora=str(lora))
    assert_the_starter_serves(lambda: served.scene("fast"))


@pytest.mark.parametrize("preset", ["fast", "quality"])
def test_a_whole_scene_model_serves(tmp_path: Path, preset: Literal["fast", "quality"]) -> None:
    folder, lora = tiny.save_inpainting(tmp_path / "full"), tiny.save_lora(tmp_path / "lora")
    chosen = {f"scene_{preset}": str(folder), "scene_lora": str(lora)}
    loaded = manager(**chosen).scene(preset)
    assert (loaded.weights.kind, loaded.note) == ("full", "")
