"""The conversion itself, on tiny models; skipped where the extra is not installed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_generator import difference, paint

from bgswap.backgrounds.diffusion import prepare as prepare_module
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.diffusion.likeness import alike, likeness
from bgswap.models.prepared import read_verdict
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import PRESETS

QUICK = replace(prepare_module.CONFIG_OF_PREPARATION, prompts=("a beach", "a forest"))


@pytest.fixture(scope="module")
def converted(folders, tmp_path_factory):
    """The preset ``fast`` with a converted UNet, and its folder."""
    pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    target = tmp_path_factory.mktemp("cache") / "openvino" / "key"
    parts = SceneParts(folders["lora"], decoder=folders["decoder"])
    verdict = prepare_module.prepare(PRESETS["fast"], folders["inpainting"], parts, target)
    assert verdict.error == ""
    assert read_verdict(target) == verdict
    parts = replace(parts, unet=target)
    return SceneGenerator.load(PRESETS["fast"], folders["inpainting"], "cpu", parts)


def test_the_converted_unet_predicts_what_torch_does(converted, quality):
    from bgswap.backgrounds.diffusion.openvino_unet import OpenVinoUnet, compiled

    generator = torch.Generator().manual_seed(0)
    unet = quality.pipe.unet
    example = (torch.randn(1, 9, 16, 16), torch.tensor(1.0), torch.randn(1, 77, 32))
    plain = OpenVinoUnet(compiled(prepare_module.traced(unet, example)), dict(unet.config))
    for batch, height, width in ((1, 16, 16), (2, 18, 14)):
        latents = torch.randn(batch, 9, height, width, generator=generator)
        text = torch.randn(batch, 77, 32, generator=generator)
        with torch.no_grad():
            (expected,) = unet(latents, torch.tensor(499), text, return_dict=False)
        (found,) = plain(latents, torch.tensor(499), text, return_dict=False)
        (loaded,) = converted.pipe.unet(latents, torch.tensor(499), text, return_dict=False)
        assert found.shape == loaded.shape == expected.shape
        assert (found - expected).abs().mean() < 0.01 * expected.std()


def test_a_quantized_unet_runs_and_is_near(converted, folders):
    # The LoRA of the other tests is so strong that all is noise in 8 bits.
    from bgswap.backgrounds.diffusion.openvino_unet import OpenVinoUnet, compiled

    quality = SceneGenerator.load(PRESETS["quality"], folders["inpainting"], "cpu")
    unet, steps = quality.pipe.unet, prepare_module.calibration_steps(quality, QUICK)
    network = prepare_module.quantized(prepare_module.traced(unet, steps[0]), steps)
    int8 = OpenVinoUnet(compiled(network), dict(unet.config))
    for step in (steps[0], steps[-1]):
        with torch.no_grad():
            (expected,) = unet(*step, return_dict=False)
        (found,) = int8(*step, return_dict=False)
        assert 0 < (found - expected).abs().mean() < 0.4 * expected.std()


@pytest.mark.parametrize("negative", ["", "sea"])
def test_a_converted_model_paints_with_previews(converted, photo, alpha, negative):
    previews = []
    (scene,) = paint(
        converted, photo, alpha, negative_prompt=negative, on_step=lambda *s: previews.append(s[2])
    )
    assert scene.shape == (72, 54, 3)
    assert len(previews) == 2
    assert difference(*previews) > 0
    (same,) = paint(converted, photo, alpha, negative_prompt=negative)
    np.testing.assert_array_equal(scene, same)


def test_inputs_that_were_not_converted_are_refused(converted):
    with pytest.raises(ValueError, match="timestep_cond"):
        converted.pipe.unet(
            torch.zeros(1, 9, 16, 16),
            1,
            torch.zeros(1, 77, 32),
            return_dict=False,
            timestep_cond=torch.zeros(1),
        )


def test_calibration_takes_the_steps_of_the_products_own_scenes(fast):
    steps = prepare_module.calibration_steps(fast, QUICK)
    assert len(steps) == 2 * fast.preset.steps
    latents, now, text = steps[0]
    assert latents.shape[:2] == (1, 9)
    assert text.shape == (1, 77, 32)
    assert now.dtype == torch.float32
    assert len({float(step[1]) for step in steps}) == fast.preset.steps


def test_a_failed_conversion_is_a_verdict(folders, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("no such operation")

    monkeypatch.setattr(prepare_module, "convert", fail)
    parts = SceneParts(folders["lora"])
    target = tmp_path / "openvino" / "key"
    verdict = prepare_module.prepare(PRESETS["fast"], folders["inpainting"], parts, target)
    assert verdict.error == "the conversion failed (RuntimeError)"
    assert not verdict.used
    assert read_verdict(target) == verdict


def test_pictures_that_differ_fail_the_gate():
    one = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    assert likeness(one, one) == (1.0, 0.0)
    _, brighter = likeness(one // 2, one // 2 + 4)
    assert brighter == 4.0
    assert alike([(1.0, 0.0), (0.95, 2.99)])
    assert not alike([(1.0, 0.0), (0.949, 0.5)])
    assert not alike([(0.99, 3.0)])
    assert likeness(one, one[::-1])[0] < 0.5
