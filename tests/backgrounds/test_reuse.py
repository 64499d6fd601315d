"""What a scene model encodes once, and the tiny autoencoder in place of its own."""

from dataclasses import replace

import numpy as np
import pytest
from diffusers import AutoencoderKL, AutoencoderTiny
from test_generator import difference, paint

from bgswap.backgrounds.diffusion import generator as generator_module
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import PRESETS


@pytest.fixture(scope="module")
def tiny_fast(folders):
    """The preset ``fast`` with a tiny autoencoder."""
    parts = SceneParts(folders["lora"], decoder=folders["decoder"])
    return SceneGenerator.load(PRESETS["fast"], folders["inpainting"], "cpu", parts)


def counted(generator):
    """How often text and pictures were encoded since, by the name of the network."""
    counts = {"text": 0, "picture": 0}

    def count(name):
        def hook(*_):
            counts[name] += 1

        return hook

    networks = {"text": generator.pipe.text_encoder, "picture": generator.pipe.vae.encoder}
    handles = [net.register_forward_hook(count(name)) for name, net in networks.items()]
    return counts, handles


@pytest.mark.parametrize("name", ["starter", "fast", "sdxl", "tiny_fast", "modern", "careful"])
def test_seeds_and_further_scenes_share_the_encodings(name, request, photo, alpha):
    generator = request.getfixturevalue(name)
    counts, handles = counted(generator)
    try:
        paint(generator, photo, alpha, f"a lake for {name}", seeds=[1])
        first = dict(counts)
        assert first["text"] >= 1
        paint(generator, photo, alpha, f"a lake for {name}", seeds=[2, 3])
        assert counts == first, "further seeds encode nothing"
        paint(generator, photo, alpha, f"a river for {name}", seeds=[1])
        assert counts["picture"] == first["picture"], "another scene on the same photo"
        assert counts["text"] > first["text"]
        before = counts["picture"]
        # No other test paints this one: the generators are shared.
        paint(generator, np.roll(photo, 7, axis=1), alpha, f"a river for {name}")
        assert counts["picture"] > before, "another photo"
    finally:
        for handle in handles:
            handle.remove()


@pytest.mark.parametrize("preset", ["quality", "fast"])
def test_reuse_changes_no_scene(preset, folders, photo, alpha, monkeypatch):
    lora = SceneParts(folders["lora"] if preset == "fast" else None)
    load = (PRESETS[preset], folders["inpainting"], "cpu", lora)
    reusing = SceneGenerator.load(*load)
    monkeypatch.setattr(generator_module, "reuse_encodings", lambda pipe: None)
    plain = SceneGenerator.load(*load)
    for words in (
        {"seeds": [1]},
        {"seeds": [2]},
        {"negative_prompt": "sea", "guidance_scale": 2.0},
    ):
        (one,), (same,) = (paint(model, photo, alpha, **words) for model in (reusing, plain))
        np.testing.assert_array_equal(one, same)


def test_few_results_are_kept(starter, photo, alpha):
    counts, handles = counted(starter)
    for word in (*"abcdefghijkl", "a"):
        paint(starter, photo, alpha, f"scene {word}", steps=1)
    for handle in handles:
        handle.remove()
    assert counts["text"] >= 13, "the first prompt was encoded again"


def test_the_tiny_autoencoder_takes_the_place_of_the_models_own(tiny_fast, fast, photo, alpha):
    assert isinstance(tiny_fast.pipe.vae, AutoencoderTiny)
    assert isinstance(fast.pipe.vae, AutoencoderKL)
    (scene,) = paint(tiny_fast, photo, alpha)
    assert scene.shape == (72, 54, 3)
    assert scene.std() > 0
    assert difference(scene, paint(fast, photo, alpha)[0]) > 0


def test_previews_are_decoded_from_the_first_step_on(tiny_fast, photo, alpha):
    previews = []
    paint(tiny_fast, photo, alpha, steps=2, on_step=lambda *step: previews.append(step[2]))
    assert [preview.shape for preview in previews] == [(72, 54, 3)] * 2
    assert difference(previews[0], previews[1]) > 0


def test_previews_of_large_canvases_are_decoded_at_half_the_size(tiny_fast, photo, alpha):
    large = SceneGenerator(tiny_fast.pipe, replace(tiny_fast.preset, side=256))
    previews = []
    (scene,) = paint(large, photo, alpha, steps=1, on_step=lambda *step: previews.append(step[2]))
    height, width = previews[0].shape[:2]
    assert abs(2 * height - scene.shape[0]) <= 1
    assert abs(2 * width - scene.shape[1]) <= 1
