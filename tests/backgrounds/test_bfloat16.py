"""Scene models in bfloat16 on CPUs with instructions for it."""

from dataclasses import replace

import numpy as np
import pytest
import tiny_parts
import torch
from diffusers import UNet2DConditionModel

from bgswap.backgrounds.diffusion import bfloat16, prepare
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.diffusion.likeness import alike, likeness
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import PRESETS

PHOTO, ALPHA = np.full((64, 48, 3), 90, np.uint8), np.zeros((64, 48), np.float32)
ALPHA[20:, 16:32] = 1


def scene(generator, steps=2):
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


def formats(network):
    """Number formats of a network's weights."""
    return {p.dtype for p in network.parameters()}


@pytest.fixture
def amx(monkeypatch):
    """A CPU with the instructions, or what looks like one."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False)


def test_a_scene_model_in_bfloat16_paints_the_same_scene(folders, amx):
    given = PRESETS["starter"], folders["starter"], "cpu"
    loads = (SceneGenerator.load, bfloat16.load_in_fast_format)
    wanted, made = (scene(load(*given)) for load in loads)
    assert alike([likeness(wanted, made)])
    assert not np.array_equal(wanted, made)


@pytest.mark.parametrize(
    ("preset", "folder"),
    [
        ("fast", "inpainting"),
        ("quality", "inpainting"),
        ("careful", "salient"),
        ("modern", "z_image"),
    ],
)
@pytest.mark.parametrize("tiny_autoencoder", [False, True])
def test_every_kind_of_model_is_converted(preset, folder, tiny_autoencoder, folders, amx):
    row = replace(PRESETS[preset], side=tiny_parts.SIDE)
    decoder = folders["decoder"] if tiny_autoencoder and preset != "modern" else None
    parts = SceneParts(folders["lora"] if row.lora else None, decoder)
    generator = bfloat16.load_in_fast_format(row, folders[folder], "cpu", parts)
    pipe = generator.pipe
    assert formats(pipe.vae) == {torch.bfloat16}
    assert formats(pipe.text_encoder) == {torch.float32}
    if "unet" in pipe.components:
        assert formats(pipe.unet) == {torch.bfloat16}
    assert scene(generator).std() > 0


def test_an_autoencoder_that_sdxl_converts_back_is_left_alone(folders, amx):
    generator = bfloat16.load_in_fast_format(PRESETS["quality"], folders["sdxl"], "cpu")
    assert generator.pipe.vae.config.force_upcast
    assert formats(generator.pipe.vae) == {torch.float32}
    assert formats(generator.pipe.unet) == {torch.bfloat16}
    assert scene(generator).std() > 0


def test_a_unet_from_openvino_is_left_alone(folders, amx):
    given = PRESETS["quality"], folders["inpainting"], "cpu"
    converted = SceneGenerator.load(*given)
    found = list(bfloat16._networks(converted.pipe, SceneParts(unet=folders["inpainting"])))
    assert found and converted.pipe.unet not in found


@pytest.mark.parametrize("fast", [False, True])
def test_openvino_is_timed_against_what_torch_would_run(fast, folders, tmp_path, monkeypatch):
    generator = SceneGenerator.load(PRESETS["quality"], folders["inpainting"], "cpu")
    unet, timed = generator.pipe.unet, []
    for name in ("traced", "quantized", "save"):
        monkeypatch.setattr(prepare, name, lambda *given: None)
    monkeypatch.setattr(prepare.OpenVinoUnet, "load", lambda folder: unet)
    monkeypatch.setattr(
        prepare, "_gain", lambda torchs, *rest: timed.append(formats(torchs)) or 2.0
    )
    monkeypatch.setattr(prepare, "check_scenes", lambda generator: [PHOTO])
    monkeypatch.setattr(prepare, "is_fast_in_bfloat16", lambda: fast)
    assert prepare.convert(generator, tmp_path).used
    assert timed == [{torch.bfloat16 if fast else torch.float32}]


def test_times_keep_their_digits_and_guidance_is_converted():
    unet = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=8,
        attention_head_dim=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        time_cond_proj_dim=12,
    )
    bfloat16.to_bfloat16(unet)
    given = []
    unet.time_proj.register_forward_pre_hook(lambda _, inputs: given.append(*inputs))
    options = {"encoder_hidden_states": torch.randn(1, 3, 8), "timestep_cond": torch.randn(1, 12)}
    with torch.no_grad():
        output = unet(torch.randn(1, 4, 8, 8), torch.tensor(999.5), **options).sample
    assert given[0].item() == 999.5  # 1000 in bfloat16
    assert output.dtype is torch.float32 and output.isfinite().all()
    assert options["timestep_cond"].dtype is torch.float32


@pytest.mark.parametrize("capabilities", [{}, {"avx512_bf16": True}, {"amx_bf16": False}])
def test_other_cpus_stay_in_float32(capabilities, folders, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    given = PRESETS["quality"], folders["inpainting"], "cpu"
    pipe = bfloat16.load_in_fast_format(*given).pipe
    assert formats(pipe.unet) == formats(pipe.vae) == {torch.float32}
