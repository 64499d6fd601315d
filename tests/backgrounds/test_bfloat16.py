"""Scene models in bfloat16 on CPUs with instructions for it."""

import numpy as np
import pytest
import torch

from bgswap.backgrounds.diffusion import bfloat16
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.diffusion.likeness import alike, likeness
from bgswap.models.roles import STARTER
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import PRESETS

PHOTO, ALPHA = np.full((64, 48, 3), 90, np.uint8), np.zeros((64, 48), np.float32)
ALPHA[20:, 16:32] = 1


def scene(generator, steps=None):
    """A scene of seed 3."""
    made = generator.generate(
        PHOTO,
        ALPHA,
        "a green forest",
        negative_prompt="",
        seeds=[3],
        steps=steps,
        guidance_scale=None,
    )
    return made.images[0]


@pytest.fixture
def amx(monkeypatch):
    """A CPU with the instructions, or what looks like one."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False)


def test_a_scene_model_in_bfloat16_paints_the_same_scene(amx):
    given = PRESETS["starter"], STARTER / "scene", "cpu"
    wanted, made = (scene(load(*given), 4) for load in (SceneGenerator.load, bfloat16.load))
    assert alike([likeness(wanted, made)])
    assert not np.array_equal(wanted, made)


def formats(network):
    """Number formats of a network's weights."""
    return {p.dtype for p in network.parameters()}


@pytest.mark.parametrize("preset", ["fast", "quality", "careful", "sdxl"])
def test_every_kind_of_model_can_be_lowered(preset, folders, amx):
    folder = {"careful": "salient", "sdxl": "sdxl"}.get(preset, "inpainting")
    row = PRESETS["quality" if preset == "sdxl" else preset]
    parts = SceneParts(folders["lora"] if row.lora else None, folders["decoder"])
    pipe = (generator := bfloat16.load(row, folders[folder], "cpu", parts)).pipe
    for network in (pipe.unet, pipe.vae.encoder, pipe.vae.decoder):
        assert formats(network) == {torch.bfloat16}
    assert formats(pipe.text_encoder) == {torch.float32}
    assert scene(generator, steps=2).std() > 0


def test_an_autoencoder_that_is_converted_back_still_runs(folders, amx):
    generator = bfloat16.load(PRESETS["quality"], folders["sdxl"], "cpu")
    assert generator.pipe.vae.config.force_upcast
    assert scene(generator, steps=2).std() > 0
    assert formats(generator.pipe.vae) == {torch.float32}


def test_times_keep_their_digits(folders, amx):
    generator = bfloat16.load(PRESETS["quality"], folders["inpainting"], "cpu")
    given = []
    generator.pipe.unet.time_proj.register_forward_pre_hook(lambda _, inputs: given.append(*inputs))
    scene(generator, steps=3)
    times = [float(time[0]) for time in given]
    assert times[0] == float(generator.pipe.scheduler.timesteps[0])
    assert all(time.dtype is not torch.bfloat16 for time in given)


@pytest.mark.parametrize("capabilities", [{}, {"avx512_bf16": True}, {"amx_bf16": False}])
def test_other_cpus_stay_in_float32(capabilities, folders, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    generator = bfloat16.load(PRESETS["quality"], folders["inpainting"], "cpu")
    assert formats(generator.pipe.unet) == formats(generator.pipe.vae) == {torch.float32}


def test_an_older_torch_stays_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not bfloat16.is_fast_on_cpu()
