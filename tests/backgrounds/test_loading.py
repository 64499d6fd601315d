"""Presets on their folders: scheduler, LoRA, safety checker, and folders that are broken."""

import shutil

import numpy as np
import pytest
import tiny
import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
)

from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.errors import ModelUnavailable, SceneRejected
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import PRESETS


def load(preset, folder, lora=None):
    return SceneGenerator.load(PRESETS[preset], folder, "cpu", SceneParts(lora))


def paint(generator, photo, alpha, seeds=(7,)):
    return generator.generate(
        photo, alpha, "a forest", negative_prompt="", seeds=seeds, steps=2, guidance_scale=None
    )


def test_schedulers_are_those_of_the_presets(starter, fast, quality):
    assert type(starter.pipe.scheduler) is PNDMScheduler
    assert type(fast.pipe.scheduler) is LCMScheduler
    assert type(quality.pipe.scheduler) is DPMSolverMultistepScheduler
    assert quality.pipe.scheduler.config.use_karras_sigmas
    assert quality.pipe.scheduler.config.beta_end == 0.012


def test_the_larger_models_run_as_their_rows_say(sdxl, fast_sdxl, modern):
    assert type(fast_sdxl.pipe).__name__ == "StableDiffusionXLInpaintPipeline"
    assert type(fast_sdxl.pipe.scheduler) is LCMScheduler
    assert (fast_sdxl.preset.steps, fast_sdxl.preset.guidance_scale) == (6, 1.0)
    key = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"
    fused, plain = (one.pipe.unet.state_dict()[key] for one in (fast_sdxl, sdxl))
    assert (fused - plain).abs().max() > 0.1
    assert type(modern.pipe).__name__ == "ZImageInpaintPipeline"
    assert type(modern.pipe.scheduler) is FlowMatchEulerDiscreteScheduler
    assert (modern.preset.steps, modern.multiple) == (8, 8)


def test_the_side_is_the_models_own(starter, quality, sdxl):
    assert [one.preset.side for one in (starter, quality, sdxl)] == [64, 64, 64]
    assert [one.multiple for one in (starter, quality, sdxl)] == [8, 8, 8]
    assert starter.preset.steps == 3
    assert quality.preset.steps == 25


def test_a_draft_is_painted_at_a_side_of_its_own(folders):
    draft = load("draft", folders["inpainting"], folders["lora"])
    assert draft.preset.side == 384
    assert (draft.preset.steps, type(draft.pipe.scheduler)) == (4, LCMScheduler)


def test_few_steps_take_one_pass_each(fast, photo, alpha, monkeypatch):
    passes = []
    forward = fast.pipe.unet.forward
    counted = lambda *a, **k: passes.append(a[0].shape[0]) or forward(*a, **k)  # noqa: E731
    monkeypatch.setattr(fast.pipe.unet, "forward", counted)
    paint(fast, photo, alpha)
    assert passes == [1, 1], "no second pass for guidance"


def test_the_lora_is_fused_into_the_model(fast, quality, photo, alpha):
    key = "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q.weight"
    fused, plain = (one.pipe.unet.state_dict()[key] for one in (fast, quality))
    lora = fast.pipe.unet.state_dict().keys() - quality.pipe.unet.state_dict().keys()
    assert not lora
    assert (fused - plain).abs().max() > 0.1


def test_the_lora_changes_the_scene(folders, tmp_path, fast, photo, alpha):
    nothing = tiny.save_lora(tmp_path / "lora", scale=0.0)
    (without,) = paint(load("fast", folders["inpainting"], nothing), photo, alpha)
    (with_lora,) = paint(fast, photo, alpha)
    assert np.abs(with_lora.astype(int) - without).max() > 5


def test_the_lora_may_be_named_by_its_file(folders, fast, photo, alpha):
    file = folders["lora"] / "pytorch_lora_weights.safetensors"
    (one,) = paint(load("fast", folders["inpainting"], file), photo, alpha)
    np.testing.assert_array_equal(one, paint(fast, photo, alpha)[0])


@pytest.mark.parametrize("lora", [None, "nowhere"])
def test_fast_without_its_lora_is_unavailable(folders, tmp_path, lora):
    with pytest.raises(ModelUnavailable, match="LoRA"):
        load("fast", folders["inpainting"], lora and tmp_path / lora)


def test_a_refused_scene_is_an_error_and_never_a_black_picture(folders, photo, alpha):
    generator = load("quality", folders["prudish"])
    with pytest.raises(SceneRejected, match="safety checker refused every scene"):
        paint(generator, photo, alpha, seeds=[1, 2])


def test_of_several_scenes_only_the_refused_are_left_out(folders, photo, alpha):
    generator = load("quality", folders["inpainting"])
    scenes = paint(generator, photo, alpha, seeds=[1, 2, 3])
    checker = generator.pipe.safety_checker
    seen = []
    checker.vision_model.register_forward_hook(lambda *call: seen.append(call[-1][1]))
    paint(generator, photo, alpha, seeds=[1, 2, 3])
    features = torch.nn.functional.normalize(checker.visual_projection(torch.cat(seen)), dim=1)
    # What the second has and the others have not becomes the one thing that is refused.
    apart = features[1] - (features[0] + features[2]) / 2
    cosines = features @ torch.nn.functional.normalize(apart, dim=0)
    checker.concept_embeds.data[:] = apart
    threshold = (cosines[1] + cosines[[0, 2]].max()).item() / 2
    checker.concept_embeds_weights.data.fill_(threshold)
    left = paint(generator, photo, alpha, seeds=[1, 2, 3])
    assert left.seeds == [1, 3]
    assert left.notes == ["The safety checker refused 1 of the scenes"]
    np.testing.assert_array_equal(left[0], scenes[0])
    np.testing.assert_array_equal(left[1], scenes[2])


def test_a_model_without_a_safety_checker_says_so(folders, quality, sdxl, starter):
    without = ["The quality scene model has no safety checker"]
    assert sdxl.notes == without
    assert load("quality", folders["unchecked"]).notes == without
    assert quality.notes == starter.notes == []


# The safety checker, which runs first, casts them.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
def test_no_numbers_are_no_picture(folders, photo, alpha):
    generator = load("quality", folders["inpainting"])
    generator.pipe.vae.decoder.conv_out.bias.data.fill_(float("nan"))
    with pytest.raises(ModelUnavailable, match="no picture"):
        paint(generator, photo, alpha)


def test_no_model_is_one_clear_error(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"model_index\.json"):
        load("quality", tmp_path)


def test_half_a_file_is_one_clear_error(folders, tmp_path):
    folder = shutil.copytree(folders["inpainting"], tmp_path / "model")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ModelUnavailable, match="incomplete or broken"):
        load("quality", folder)


def test_pickled_weights_are_not_loaded(folders, tmp_path):
    folder = shutil.copytree(folders["inpainting"], tmp_path / "model")
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.unlink()
    torch.save({}, weights.with_suffix(".bin"))
    with pytest.raises(ModelUnavailable, match="incomplete or broken"):
        load("quality", folder)


def test_a_folder_with_only_the_halves_is_loaded(folders, tmp_path, quality, photo, alpha):
    folder = tmp_path / "model"
    quality.pipe.save_pretrained(folder, variant="fp16")
    assert not (folder / "unet" / "diffusion_pytorch_model.safetensors").exists()
    (one,) = paint(load("quality", folder), photo, alpha)
    np.testing.assert_array_equal(one, paint(quality, photo, alpha)[0])


def test_on_the_cpu_the_numbers_are_float32(quality):
    assert quality.pipe.unet.dtype == quality.pipe.vae.dtype == torch.float32
