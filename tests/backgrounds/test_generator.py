"""Scenes from tiny pipelines of the real classes, through the product's own way."""

import threading

import numpy as np
import pytest
import torch

from bgswap.errors import BadInput, Stopped


def paint(generator, photo, alpha, prompt="a forest", **changes):
    call = {"negative_prompt": "", "seeds": [7], "steps": 2, "guidance_scale": None} | changes
    return generator.generate(photo, alpha, prompt, **call)


def difference(one, other):
    return int(np.abs(one.astype(int) - other).max())


ALL = ["starter", "fast", "quality", "sdxl", "fast_sdxl", "modern", "careful"]


@pytest.mark.parametrize("name", ALL)
def test_every_preset_paints_at_model_resolution_in_the_photos_aspect(name, request, photo, alpha):
    generator = request.getfixturevalue(name)
    scenes = paint(generator, photo, alpha, seeds=[1, 2])
    assert scenes.seeds == [1, 2]
    for scene in scenes:
        assert scene.dtype == np.uint8
        assert scene.shape == (72, 54, 3)
        assert scene.std() > 0
    assert difference(*scenes) > 0


@pytest.mark.parametrize(
    "shape", [(90, 270), (270, 90), (60, 240), (100, 100), (300, 200), (1080, 810)]
)
def test_no_aspect_is_distorted(starter, shape):
    photo, alpha = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.float32)
    (scene,) = paint(starter, photo, alpha, steps=1)
    height, width = scene.shape[:2]
    # Some one scale gives both sides, each to half a pixel.
    low = max((height - 0.5) / shape[0], (width - 0.5) / shape[1])
    high = min((height + 0.5) / shape[0], (width + 0.5) / shape[1])
    assert low <= high
    assert 0.5 * 64**2 < height * width <= 1.5 * 64**2


@pytest.mark.parametrize("name", ["starter", "careful"])
def test_a_seed_gives_the_same_scene_whatever_the_others_are(name, request, photo, alpha):
    generator = request.getfixturevalue(name)
    (alone,) = paint(generator, photo, alpha, seeds=[5])
    among = paint(generator, photo, alpha, seeds=[3, 5, 2**32 - 1])
    np.testing.assert_array_equal(alone, among[1])
    assert difference(alone, among[0]) > 0


def test_the_prompt_the_negative_prompt_and_the_guidance_count(starter, photo, alpha):
    (one,) = paint(starter, photo, alpha)
    for change in ({"prompt": "snow"}, {"negative_prompt": "sea"}, {"guidance_scale": 9.0}):
        (other,) = paint(starter, photo, alpha, **change)
        assert difference(one, other) > 0, change


def test_steps_and_guidance_are_the_presets_unless_asked_otherwise(starter, photo, alpha):
    (one,) = paint(starter, photo, alpha, steps=None)
    (same,) = paint(starter, photo, alpha, steps=3, guidance_scale=2.0)
    np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("name", ["starter", "sdxl", "modern", "careful"])
def test_the_old_background_plays_no_part_but_the_person_does(name, request, photo, alpha):
    generator = request.getfixturevalue(name)
    (one,) = paint(generator, photo, alpha)
    elsewhere = np.where(alpha[..., None] == 1, photo, 255 - photo // 2)
    # Resizing mixes the person's outermost pixels with the background: keep these alike.
    elsewhere[36:44, 26:64] = photo[36:44, 26:64]
    elsewhere[:, 26:34], elsewhere[:, 56:64] = photo[:, 26:34], photo[:, 56:64]
    (other,) = paint(generator, elsewhere, alpha)
    np.testing.assert_array_equal(one, other)
    dressed = np.where(alpha[..., None] == 1, 255 - photo, photo)
    (another,) = paint(generator, dressed, alpha)
    assert difference(one, another) > 0


@pytest.mark.parametrize("name", ["fast", "quality", "sdxl", "modern", "careful"])
def test_every_step_is_reported_over_all_scenes(name, request, photo, alpha):
    calls = []
    paint(
        request.getfixturevalue(name),
        photo,
        alpha,
        seeds=[1, 2],
        on_step=lambda step, steps, preview: calls.append((step, steps, preview)),
    )
    assert [(step, steps) for step, steps, _ in calls] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for _, _, preview in calls:
        assert preview.dtype == np.uint8
        assert preview.shape == (18, 14, 3)


def test_reporting_changes_nothing(starter, photo, alpha):
    (one,) = paint(starter, photo, alpha)
    (same,) = paint(starter, photo, alpha, on_step=lambda *_: None)
    np.testing.assert_array_equal(one, same)


@pytest.mark.parametrize("name", ["starter", "fast", "sdxl", "modern", "careful"])
def test_stop_ends_between_steps_and_the_next_call_works(name, request, photo, alpha):
    generator = request.getfixturevalue(name)
    (before,) = paint(generator, photo, alpha, steps=4)
    calls = []

    def stop_at_two(step, steps, preview):
        calls.append(step)
        if step == 2:
            raise Stopped

    with pytest.raises(Stopped):
        paint(generator, photo, alpha, steps=4, seeds=[7, 8], on_step=stop_at_two)
    assert calls == [1, 2]
    (after,) = paint(generator, photo, alpha, steps=4)
    np.testing.assert_array_equal(before, after)


def test_a_bug_in_the_callback_is_not_swallowed(starter, photo, alpha):
    def broken(*_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        paint(starter, photo, alpha, on_step=broken)


def test_a_prompt_longer_than_the_encoder_is_cut_and_said(starter, photo, alpha):
    assert paint(starter, photo, alpha, "forest").notes == []
    (note,) = paint(starter, photo, alpha, "forest " * 40).notes
    assert note.startswith("The prompt is too long")
    (note,) = paint(starter, photo, alpha, negative_prompt="sea " * 40).notes
    assert note.startswith("The negative prompt is too long")


def test_a_negative_prompt_without_guidance_is_said_to_be_idle(starter, photo, alpha):
    (note,) = paint(starter, photo, alpha, negative_prompt="sea", guidance_scale=1.0).notes
    assert "negative prompt is ignored" in note


@pytest.mark.parametrize("name", ALL)
def test_one_step_is_enough_to_run(name, request, photo, alpha):
    (scene,) = paint(request.getfixturevalue(name), photo, alpha, steps=1)
    assert scene.std() > 0


@pytest.mark.parametrize(("name", "most"), [("fast", 50), ("fast_sdxl", 49)])
def test_more_steps_than_the_lora_was_distilled_on_are_cut_and_said(
    name, most, request, photo, alpha
):
    calls, model = [], request.getfixturevalue(name)
    scenes = paint(model, photo, alpha, steps=51, on_step=lambda *step: calls.append(step))
    assert len(calls) == most
    assert scenes.notes == [f"The fast scene model makes at most {most} steps: so many were made"]


def test_one_call_at_a_time(starter, photo, alpha):
    wanted = {seed: paint(starter, photo, alpha, seeds=[seed])[0] for seed in (1, 2)}
    painted = {}

    def work(seed):
        painted[seed] = paint(starter, photo, alpha, seeds=[seed], on_step=lambda *_: None)[0]

    threads = [threading.Thread(target=work, args=(seed,)) for seed in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, scene in wanted.items():
        np.testing.assert_array_equal(painted[seed], scene)


def test_nothing_is_written_to_the_terminal_and_threads_stay(starter, photo, alpha, capfd):
    threads = torch.get_num_threads()
    paint(starter, photo, alpha, "forest " * 40)
    assert capfd.readouterr() == ("", "")
    assert torch.get_num_threads() == threads


def test_the_starter_names_words_it_never_learned(starter, quality):
    assert starter.unknown_words("a forest on Mars at golden hour") == ["mars"]
    assert quality.unknown_words("a forest on Mars") == []


@pytest.mark.parametrize("name", ["fast", "fast_sdxl", "modern"])
def test_a_negative_prompt_turns_guidance_on(name, request, photo, alpha):
    generator = request.getfixturevalue(name)
    (without,) = paint(generator, photo, alpha)
    scenes = paint(generator, photo, alpha, negative_prompt="sea")
    assert scenes.notes == []
    scale = generator.preset.negative_guidance_scale
    assert scale == 1.5
    (same,) = paint(generator, photo, alpha, negative_prompt="sea", guidance_scale=scale)
    np.testing.assert_array_equal(scenes[0], same)
    assert difference(scenes[0], without) > 0


@pytest.mark.parametrize("bad", ["grey", "float", "size", "type"])
def test_arrays_that_do_not_fit_are_refused(starter, photo, alpha, bad):
    arrays = {
        "grey": (photo[..., 0], alpha),
        "float": (photo / 255, alpha),
        "size": (photo, alpha[1:]),
        "type": (photo, alpha.astype(np.float64)),
    }
    with pytest.raises(BadInput, match="expected"):
        paint(starter, *arrays[bad])
