"""The second pass at twice the size, by tiny pipelines of the real classes."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from test_generator import difference, paint

from bgswap.backgrounds.diffusion.generator import (
    REFUSED_DETAILS,
    REFUSED_SECOND_PASS,
    SceneGenerator,
)
from bgswap.backgrounds.diffusion.sampling import Sampling
from bgswap.backgrounds.diffusion.second_pass import SecondPass, arguments, steps_in_all
from bgswap.backgrounds.ranking import Judgement
from bgswap.backgrounds.scene import (
    NO_SECOND_PASS,
    SECOND_PASS_ADDED,
    SECOND_PASS_FAILED,
    SceneSource,
)
from bgswap.errors import ModelUnavailable, Stopped
from bgswap.options import SwapOptions
from bgswap.report import Report

FOREST = Sampling("a forest", steps=4)


@pytest.fixture
def photo(photo):
    return cv2.resize(photo, (270, 360), interpolation=cv2.INTER_NEAREST)


@pytest.fixture
def alpha(alpha):
    return cv2.resize(alpha, (270, 360), interpolation=cv2.INTER_NEAREST)


def at_size_of(scene, picture):
    return cv2.resize(picture, scene.shape[1::-1], interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("name", ["fast", "quality", "sdxl", "fast_sdxl", "modern"])
def test_the_scene_has_twice_the_size_and_new_details(name, request, photo, alpha):
    model = request.getfixturevalue(name)
    (first,) = paint(model, photo, alpha)
    scene, notes = model.sharpened(photo, alpha, first, 7, FOREST)
    assert (scene.dtype, notes) == (np.uint8, [])
    # Twice as large, up to the pixels that both canvases are padded with.
    assert 1.9 * 72 <= scene.shape[0] <= 2.1 * 72
    assert abs(scene.shape[1] - 0.75 * scene.shape[0]) <= 1
    behind = at_size_of(scene, alpha) == 0
    assert difference(scene[behind], at_size_of(scene, first)[behind]) > 0
    same, _ = model.sharpened(photo, alpha, first, 7, FOREST)
    np.testing.assert_array_equal(scene, same)
    other, _ = model.sharpened(photo, alpha, first, 8, FOREST)
    assert difference(scene, other) > 0


def test_a_tile_gets_the_photos_people_and_the_scene_behind_them(photo, alpha):
    scene = np.full((72, 54, 3), 200, np.uint8)
    dark = np.where(alpha[..., None] == 1, np.uint8(40), photo)
    seen = []

    def repaint(tile, mask, number, count):
        seen.append((tile, mask, number, count))
        return tile

    result, refused = SecondPass(dark, alpha, scene, 64, 8).run(repaint)
    assert refused == 0
    assert [number for *_, number, _ in seen] == list(range(len(seen)))
    assert {count for *_, count in seen} == {len(seen)}
    kept = cv2.resize(alpha, result.shape[1::-1])
    inside = cv2.erode(kept, np.ones((7, 7))) == 1
    outside = cv2.dilate(kept, np.ones((7, 7))) == 0
    assert inside.sum() > 500
    assert np.abs(result[inside].astype(int) - 40).max() <= 1
    assert np.abs(result[outside].astype(int) - 200).max() <= 1
    for tile, mask, *_ in seen:
        assert tile.shape[:2] == mask.shape
        assert (mask[tile.max(-1) < 60] == 0).mean() > 0.5
        assert (mask[tile.min(-1) > 190] == 1).all()


@pytest.mark.parametrize("shape", [(1280, 960), (640, 640), (1360, 2560), (400, 1600)])
def test_tiles_overlap_and_cover_everything(shape):
    sizes = []
    photo, alpha = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.float32)
    scene = np.zeros((shape[0] // 16, shape[1] // 16, 3), np.uint8)

    def white(tile, mask, number, count):
        sizes.append(tile.shape)
        return np.full_like(tile, 255)

    second = SecondPass(photo, alpha, scene, 64, 8)
    result, _ = second.run(white)
    assert (result == 255).all()
    covered = np.zeros(second._mask.shape, int)
    for view in second._tiles():
        covered[view] += 1
    assert covered.min() == 1
    assert covered.max() > 1
    assert not [side for size in sizes for side in size[:2] if side % 8 or side > 72]
    assert 4 <= len(sizes) <= 8


def test_a_scene_without_background_is_left(photo):
    def never(*_):
        raise AssertionError("there is nothing to repaint")

    everywhere = np.ones(photo.shape[:2], np.float32)
    result, _ = SecondPass(photo, everywhere, np.zeros((72, 54, 3), np.uint8), 64, 8).run(never)
    assert np.abs(result.astype(float).mean() - photo.mean()) < 2


def test_a_scene_never_has_more_pixels_than_the_photo(photo, alpha):
    scene, size = np.zeros((72, 54, 3), np.uint8), (72, 96)
    small, small_alpha = (cv2.resize(one, size) for one in (photo, alpha))
    result, _ = SecondPass(small, small_alpha, scene, 64, 8).run(lambda tile, *_: tile)
    assert 0.8 * 72 * 96 < result.shape[0] * result.shape[1] < 1.2 * 72 * 96


def test_few_steps_become_two():
    assert arguments({"num_inference_steps": 4, "strength": 1.0, "prompt": "x"}, 0.35) == {
        "num_inference_steps": 6,
        "strength": 0.35,
        "prompt": "x",
    }
    assert arguments({"num_inference_steps": 25}, 0.4)["num_inference_steps"] == 25
    assert steps_in_all(4, 0.35) == 12
    assert steps_in_all(25, 0.4) == 60
    assert steps_in_all(25, 0.0) == 0


def test_each_tile_has_a_noise_of_its_own(quality, photo, alpha, monkeypatch):
    seeds = []
    paint_one = quality._paint

    def noted(call, seed, teller):
        seeds.append(seed)
        return paint_one(call, seed, teller)

    monkeypatch.setattr(quality, "_paint", noted)
    quality.sharpened(photo, alpha, np.zeros((72, 54, 3), np.uint8), 2**32 - 1, FOREST)
    assert seeds == [(2**32 - 1 + n) % 2**32 for n in range(len(seeds))]
    assert len(seeds) > 1


def test_steps_are_reported_and_stop_ends_the_work(quality, photo, alpha):
    scene, calls = np.zeros((72, 54, 3), np.uint8), []
    quality.sharpened(photo, alpha, scene, 7, FOREST, lambda *call: calls.append(call))
    done, totals, previews = zip(*calls, strict=True)
    assert done == tuple(range(1, totals[0] + 1))
    assert set(totals) == {totals[0]}
    for preview in previews:
        assert (preview.shape, preview.dtype) == ((72, 54, 3), np.uint8)

    def stop(step, steps, preview):
        calls.append(step)
        if step == 3:
            raise Stopped

    calls.clear()
    with pytest.raises(Stopped):
        quality.sharpened(photo, alpha, scene, 7, FOREST, stop)
    assert calls == [1, 2, 3]


def test_what_the_safety_checker_refuses_is_not_shown(quality, photo, alpha):
    scene = np.zeros((72, 54, 3), np.uint8)
    strict = SimpleNamespace(refuses=lambda image, mask: image.shape[:2] == mask.shape)
    model = SceneGenerator(quality.pipe, quality.preset, strict)
    shown, notes = model.sharpened(photo, alpha, scene, 7, FOREST)
    assert shown is scene
    assert notes == [REFUSED_SECOND_PASS]


def test_a_refused_tile_is_only_enlarged(quality, photo, alpha, monkeypatch):
    monkeypatch.setattr(quality, "_paint", lambda *_: None)
    scene = np.full((72, 54, 3), 90, np.uint8)
    shown, notes = quality.sharpened(photo, alpha, scene, 7, FOREST)
    assert (shown[at_size_of(shown, alpha) == 0] == 90).mean() > 0.9
    assert notes == [REFUSED_DETAILS]


class Painter:
    """Paints grey scenes; its second pass paints white."""

    notes = ()

    def has_second_pass(self, photo):
        return photo.shape == (64, 64, 3)

    def generate(self, photo, alpha, prompt, *, seeds, **rest):
        images = [np.full((8, 8, 3), 10 * seed, np.uint8) for seed in seeds]
        return SimpleNamespace(images=images, seeds=seeds, notes=[])

    def sharpened(self, photo, alpha, scene, seed, sampling, on_step):
        assert sampling == Sampling("sea", "cars", 5, 2.0)
        return np.full((16, 16, 3), 200 + seed, np.uint8), []

    def unknown_words(self, prompt):
        return []


def made(judge=lambda scene: Judgement(0.0, 0), painter=None, **options):
    wanted = {"negative_prompt": "cars", "steps": 5, "guidance_scale": 2.0, "seed": 1} | options
    report = Report()
    source = SceneSource(painter or Painter(), "sea", SwapOptions(**wanted), judge, report)
    backgrounds = source.make(np.zeros((64, 64, 3), np.uint8), np.ones((64, 64), np.float32))
    return [int(one.image[0, 0, 0]) for one in backgrounds], report.notes


def test_the_scenes_that_are_shown_get_a_second_pass():
    assert made() == ([201], [])
    assert made(variations=3) == ([201, 202, 203], [])
    assert made(second_pass="off") == ([10], [])
    # The first scene adds somebody, the second is shown.
    assert made(lambda scene: Judgement(0.0, int(scene[0, 0, 0] == 10)))[0] == [202, 10]


def test_a_second_pass_that_adds_somebody_is_not_shown():
    shown, notes = made(lambda scene: Judgement(0.0, int(scene[0, 0, 0] > 200)))
    assert (shown, notes) == ([10], [SECOND_PASS_ADDED])


def test_a_model_without_a_second_pass_says_so_where_it_is_asked_for():
    without = Painter()
    without.has_second_pass = lambda photo: False
    assert made(painter=without) == ([10], [])
    assert made(painter=without, second_pass="on") == ([10], [NO_SECOND_PASS])


@pytest.mark.parametrize("error", [ModelUnavailable("no numbers"), RuntimeError("no memory")])
def test_a_second_pass_that_fails_costs_no_scene(error):
    def failing(*_):
        raise error

    painter = Painter()
    painter.sharpened = failing
    assert made(painter=painter) == ([10], [SECOND_PASS_FAILED])

    def stopped(*_):
        raise Stopped

    painter.sharpened = stopped
    with pytest.raises(Stopped):
        made(painter=painter)


def test_the_scores_are_those_of_the_scene_that_is_shown():
    assert made(lambda scene: Judgement(0.9 - scene[0, 0, 0] / 300, 0))[0] == [203, 20, 10]


def test_it_takes_a_gpu_a_preset_and_a_large_photo(quality, starter, photo):
    assert not quality.has_second_pass(photo)
    for preset, wanted in ((quality.preset, True), (starter.preset, False)):
        pipe = SimpleNamespace(_execution_device=SimpleNamespace(type="cuda"))
        model = SceneGenerator(pipe, replace(preset, needs_safety_checker=False))
        assert model.has_second_pass(photo) == wanted
        assert not model.has_second_pass(photo[:70, :70])
