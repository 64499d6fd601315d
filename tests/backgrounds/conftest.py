"""Tiny pipelines on disk, once a session, and a photo with somebody in it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
import tiny_parts
import torch

from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import PRESETS


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    # Models this small only lose by a second thread, and much where cores are busy.
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def folders(tmp_path_factory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {
        "inpainting": tiny.save_inpainting(root / "inpainting"),
        "prudish": tiny.save_inpainting(root / "prudish", refuse_above=tiny_parts.ALWAYS),
        "unchecked": tiny.save_inpainting(root / "unchecked", refuse_above=None),
        "sdxl": tiny.save_sdxl(root / "sdxl"),
        "lora_sdxl": tiny.save_lora(root / "lora_sdxl", **tiny.XL),
        "decoder": tiny.save_decoder(root / "decoder"),
        "classifier": tiny.save_classifier(root / "classifier"),
        "z_image": tiny.save_z_image(root / "z_image"),
        "salient": tiny.save_salient(root / "salient"),
        "starter": tiny.save_starter(root / "starter"),
        "lora": tiny.save_lora(root / "lora"),
    }


@pytest.fixture(scope="session")
def starter(folders) -> SceneGenerator:
    return SceneGenerator.load(PRESETS["starter"], folders["starter"], "cpu")


@pytest.fixture(scope="session")
def fast(folders) -> SceneGenerator:
    return SceneGenerator.load(
        PRESETS["fast"], folders["inpainting"], "cpu", SceneParts(folders["lora"])
    )


@pytest.fixture(scope="session")
def quality(folders) -> SceneGenerator:
    return SceneGenerator.load(PRESETS["quality"], folders["inpainting"], "cpu")


@pytest.fixture(scope="session")
def sdxl(folders) -> SceneGenerator:
    return SceneGenerator.load(PRESETS["quality"], folders["sdxl"], "cpu")


@pytest.fixture(scope="session")
def fast_sdxl(folders) -> SceneGenerator:
    preset = PRESETS["fast"].larger
    return SceneGenerator.load(preset, folders["sdxl"], "cpu", SceneParts(folders["lora_sdxl"]))


@pytest.fixture(scope="session")
def modern(folders) -> SceneGenerator:
    preset = replace(PRESETS["modern"], side=tiny_parts.SIDE)
    return SceneGenerator.load(preset, folders["z_image"], "cpu")


@pytest.fixture(scope="session")
def careful(folders) -> SceneGenerator:
    return SceneGenerator.load(PRESETS["careful"], folders["salient"], "cpu")


@pytest.fixture
def photo() -> np.ndarray:
    """(120, 90, 3): noise with a red person in it."""
    picture = np.random.default_rng(0).integers(0, 256, (120, 90, 3), dtype=np.uint8)
    picture[40:, 30:60] = (200, 40, 40)
    return picture


@pytest.fixture
def alpha() -> np.ndarray:
    mask = np.zeros((120, 90), np.float32)
    mask[40:, 30:60] = 1
    return mask
