"""The model of a preset by the memory of the GPU; the GPU itself is stood in for."""

import pytest
import torch

from bgswap.errors import ModelUnavailable
from bgswap.models.manager import ModelManager
from bgswap.models.roles import layout_of, model_roles
from bgswap.models.scene_choice import row_of
from bgswap.models.store import WeightStore
from bgswap.presets import PRESETS
from bgswap.settings import Settings

GIB = 2**30
XL = "diffusers/stable-diffusion-xl-1.0-inpainting-0.1"


def manager(monkeypatch, gigabytes, device="cuda", **settings):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (GIB, gigabytes * GIB))
    chosen = Settings(device=device, **settings)
    return ModelManager(chosen, WeightStore(chosen))


@pytest.mark.parametrize(
    ("preset", "gigabytes", "role", "lora"),
    [
        ("fast", 8, "scene_fast", "scene_lora"),
        ("fast", 11.6, "scene_fast_sdxl", "scene_lora_sdxl"),
        ("quality", 8, "scene_quality", None),
        ("quality", 24, "scene_quality_sdxl", None),
        ("auto", 24, "scene_quality_sdxl", None),
        ("draft", 24, "scene_draft", "scene_lora"),
    ],
)
def test_memory_chooses_the_model(monkeypatch, preset, gigabytes, role, lora):
    row = row_of(preset, manager(monkeypatch, gigabytes).settings)
    assert row.role == role
    assert (row.lora_role if row.lora else None) == lora
    assert model_roles()[role].repository == row.repository
    assert layout_of(row.role) == "pipeline"
    assert layout_of(row.lora_role) == "lora"


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_without_cuda_the_smaller_model_paints(monkeypatch, device):
    settings = manager(monkeypatch, 80, device).settings
    assert {row_of(name, settings).family for name in PRESETS} == {""}


def test_a_setting_names_one_model_whatever_the_memory(monkeypatch):
    settings = manager(monkeypatch, 80, scenes={"scene_quality": "someone/model"}).settings
    assert row_of("quality", settings).role == "scene_quality"
    assert row_of("fast", settings).role == "scene_fast_sdxl"


def test_rows_of_a_family_share_repository_and_resolution():
    larger = [PRESETS[name].larger for name in ("fast", "quality")]
    assert {(row.repository, row.side, row.least_memory) for row in larger} == {(XL, 1024, 12)}
    assert [(row.steps, row.scheduler) for row in larger] == [(6, "lcm"), (25, "dpmsolver++")]


def test_a_model_that_does_not_fit_is_refused_in_words(monkeypatch):
    have = manager(monkeypatch, 8, models="full")
    with pytest.raises(ModelUnavailable, match="modern scene model needs a GPU with 16 GB"):
        have.scene("modern")
    cpu = manager(monkeypatch, 8, "cpu")
    loaded = cpu.scene("modern")
    assert loaded.weights.kind == "starter"
    assert loaded.note.endswith("with 16 GB of memory; the starter made the scene")
