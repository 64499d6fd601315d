"""The whole way with the starter models, on real photos."""

import json

import cv2
import numpy as np
import pytest
from photos import BUS, PROMPT, ZIDANE, empty_photo, starter_result, starter_swapper

from bgswap import (
    BackgroundSwapper,
    BadInput,
    NoPersonDetected,
    Progress,
    Settings,
    Stopped,
    SwapOptions,
    SwapResult,
)
from bgswap.backgrounds import ranking
from bgswap.backgrounds.search import MOST_RETRIES
from bgswap.io.images import open_photo


@pytest.fixture(scope="module")
def swapper() -> BackgroundSwapper:
    return starter_swapper()


@pytest.fixture(scope="module")
def result() -> SwapResult:
    return starter_result()


def test_kept_pixels_are_the_photos(result: SwapResult) -> None:
    photo = open_photo(ZIDANE)
    assert result.image.shape == photo.shape and result.image.dtype == np.uint8
    sure = result.cutout[:, :, 3] == 255
    assert sure.mean() > 0.2
    assert np.array_equal(result.image[sure], photo[sure])
    assert np.array_equal(result.cutout[sure][:, :3], photo[sure])
    gone = result.cutout[:, :, 3] == 0
    changed = np.abs(result.image[gone].astype(int) - photo[gone]).max(axis=1) > 8
    assert changed.mean() > 0.9


def test_details_tell_the_whole_story(result: SwapResult) -> None:
    details = json.loads(json.dumps(result.details))
    assert set(details) == {
        "people", "kept", "prompt", "seed", "models", "candidates", "retries", "seconds", "size",
        "notes", "background", "photo_size",
    }  # fmt: skip
    assert details["size"] == [1280, 720]
    assert details["kept"] == [p["number"] for p in details["people"]]
    assert set(details["people"][0]) == {"number", "box", "confidence", "area"}
    assert set(details["seconds"]) == {"find", "matte", "scene", "finish"}
    assert {m["kind"] for m in details["models"].values()} == {"starter"}
    assert set(details["models"]) == {"people", "mask_autoencoder", "matting", "scene"}
    licenses = {model["license"] for model in details["models"].values()}
    assert licenses == {"research-and-non-commercial"}
    assert sorted(c["seed"] for c in details["candidates"]) == list(
        range(7, 9 + details["retries"])
    )
    assert set(details["candidates"][0]) == {"seed", "expansion", "extra_people"}
    assert details["seed"] == details["candidates"][0]["seed"]
    assert len(result.candidates) == 2
    assert np.array_equal(result.candidates[0].image, result.image)


def test_candidates_stand_best_first(result: SwapResult) -> None:
    judged = [(c["extra_people"], c["expansion"]) for c in result.details["candidates"]]
    assert judged == sorted(judged)
    tried = [c["seed"] for c in result.details["candidates"]]
    assert [c.seed for c in result.candidates] == tried[:2]


@pytest.fixture
def nothing_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "is_good", lambda candidate, kept: False)


def test_seeds_are_tried_within_a_budget(swapper: BackgroundSwapper, nothing_is_good: None) -> None:
    progress: list[Progress] = []
    options = SwapOptions(seed=7, steps=2, variations=2)
    results = [swapper.swap(ZIDANE, PROMPT, options=options, on_progress=progress.append)]
    details = results[0].details
    assert sorted(c["seed"] for c in details["candidates"]) == [7, 8, 9, 10]
    assert details["retries"] == MOST_RETRIES == 2
    assert any("best of 4 scenes" in note for note in details["notes"])
    assert len(results[0].candidates) == 2
    scene = [(p.step, p.steps) for p in progress if p.stage == "scene" and p.step]
    assert scene == [(1, 4), (2, 4), (3, 4), (4, 4), (5, 6), (6, 6), (7, 8), (8, 8)]
    assert list(dict.fromkeys(p.stage for p in progress)) == ["find", "matte", "scene", "finish"]
    again = swapper.swap(ZIDANE, PROMPT, options=options)
    assert np.array_equal(again.image, results[0].image)


def test_stop_works_while_more_seeds_are_tried(
    swapper: BackgroundSwapper, nothing_is_good: None
) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == "scene" and progress.step == 3:
            raise Stopped

    with pytest.raises(Stopped):
        options = SwapOptions(seed=7, steps=2)
        swapper.swap(ZIDANE, PROMPT, options=options, on_progress=stop)


def test_same_seed_same_picture(swapper: BackgroundSwapper, result: SwapResult) -> None:
    again = swapper.swap(ZIDANE, PROMPT, options=SwapOptions(seed=8, steps=2))
    twin = next(c for c in result.candidates if c.seed == 8)
    assert np.array_equal(again.image, twin.image)


def test_one_of_two_stays(swapper: BackgroundSwapper) -> None:
    found = swapper.find_people(ZIDANE)
    result = swapper.swap(ZIDANE, PROMPT, people=[2], options=SwapOptions(seed=1, steps=1))
    assert result.details["kept"] == [2]
    alpha = result.cutout[:, :, 3] / 255
    kept, gone = (found[i].mask > 0.9 for i in (1, 0))
    assert alpha[kept].mean() > 0.9
    assert alpha[gone & ~kept].mean() < 0.1


def test_matte_of_the_union(swapper: BackgroundSwapper) -> None:
    photo = open_photo(ZIDANE)
    found = swapper.find_people(photo)
    alpha = swapper.matte(photo, found)
    assert alpha.shape == photo.shape[:2] and alpha.dtype == np.float32
    for person in found:
        assert alpha[person.mask > 0.95].mean() > 0.9
    with pytest.raises(BadInput, match="at least one person"):
        swapper.matte(photo, [])
    with pytest.raises(BadInput, match="another size"):
        swapper.matte(photo[:100], found)


def test_enhancements_change_only_people(swapper: BackgroundSwapper) -> None:
    plain = swapper.swap(ZIDANE, PROMPT, options=SwapOptions(seed=3, steps=1))
    options = SwapOptions(seed=3, steps=1, light=0.8, enhance_faces=0.8)
    enhanced = swapper.swap(ZIDANE, PROMPT, options=options)
    assert {"face_vae", "face_finder"} <= set(enhanced.details["models"])
    assert any(note.startswith("Faces of 2 kept people: ") for note in enhanced.notes)
    gone = plain.cutout[:, :, 3] == 0
    assert np.array_equal(plain.image[gone], enhanced.image[gone])
    assert not np.array_equal(plain.image, enhanced.image)


def test_a_shadow_darkens_the_ground_and_leaves_people_exact(swapper: BackgroundSwapper) -> None:
    plain, shaded = (
        swapper.swap(BUS, PROMPT, options=SwapOptions(seed=3, steps=1, shadow=strength))
        for strength in (0.0, 1.0)
    )
    photo, alpha = open_photo(BUS), shaded.cutout[:, :, 3]
    assert np.array_equal(shaded.image[alpha == 255], photo[alpha == 255])
    darker = plain.image.astype(int).sum(-1) - shaded.image.astype(int).sum(-1)
    assert darker.min() >= -3
    assert 0.001 < (darker > 15).mean() < 0.2


def test_progress_is_reported_stage_by_stage(swapper: BackgroundSwapper) -> None:
    progress: list[Progress] = []
    swapper.swap(ZIDANE, PROMPT, options=SwapOptions(seed=1, steps=3), on_progress=progress.append)
    stages = list(dict.fromkeys(p.stage for p in progress))
    assert stages == ["find", "matte", "scene", "finish"]
    scene = [(p.step, p.steps) for p in progress if p.stage == "scene"]
    assert scene[-1] == (3, 3)


def test_stop_ends_the_work_and_the_next_call_works(swapper: BackgroundSwapper) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == "scene" and progress.step == 1:
            raise Stopped

    options = SwapOptions(seed=1, steps=3)
    with pytest.raises(Stopped):
        swapper.swap(ZIDANE, PROMPT, options=options, on_progress=stop)
    assert swapper.swap(ZIDANE, PROMPT, options=options).image.shape == (720, 1280, 3)


def test_a_preset_that_is_not_to_be_had_is_reported(swapper: BackgroundSwapper) -> None:
    options = SwapOptions(seed=1, steps=1, preset="fast")
    result = swapper.swap(ZIDANE, PROMPT, options=options)
    assert any("fast" in note.lower() for note in result.notes)
    assert result.details["models"]["scene"]["kind"] == "starter"


@pytest.mark.parametrize(
    ("prompt", "people", "said"),
    [
        ("", "all", "Describe the scene"),
        ("   ", "all", "Describe the scene"),
        ("\u200b\u200d\ufeff\u2060", "all", "Describe the scene"),
        ("\u3164 \u2800", "all", "Describe the scene"),
        ("a \ud83d forest", "all", "lone surrogate"),
        (None, "all", "prompt must be text"),
        (PROMPT, [9], "There is no person 9"),
        (PROMPT, [], "at least one"),
    ],
)
def test_bad_input(swapper: BackgroundSwapper, prompt: object, people: object, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        swapper.swap(ZIDANE, prompt, people=people)


@pytest.mark.parametrize("prompt", ["🏖️🌴", "1984", "...?!"])
def test_a_prompt_without_words_is_reported(swapper: BackgroundSwapper, prompt: str) -> None:
    result = swapper.swap(ZIDANE, prompt, options=SwapOptions(seed=1, steps=1))
    assert "The prompt holds no words: the scene is random" in result.notes


def test_a_photo_without_people_gives_none(swapper: BackgroundSwapper) -> None:
    with pytest.raises(NoPersonDetected, match=r"^No person detected$"):
        swapper.swap(empty_photo(), PROMPT)


def test_upright_photo_whatever_the_camera_wrote(swapper: BackgroundSwapper, tmp_path) -> None:
    from PIL import Image

    photo = Image.open(BUS)
    exif = photo.getexif()
    exif[0x0112] = 6
    turned = tmp_path / "turned.jpg"
    photo.rotate(90, expand=True).save(turned, exif=exif, quality=95)
    people, details = swapper.list_people(turned)
    assert details["size"] == [810, 1080]
    assert len(people) >= 3
    assert set(details) == {"people", "models", "seconds", "size", "notes"}


def test_people_and_pixels_do_not_depend_on_how_the_photo_comes(
    swapper: BackgroundSwapper,
) -> None:
    array = np.ascontiguousarray(cv2.imread(str(ZIDANE))[:, :, ::-1])
    assert [p.box for p in swapper.find_people(array)] == [
        p.box for p in swapper.find_people(ZIDANE)
    ]


def test_nothing_is_loaded_before_it_is_needed() -> None:
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    assert swapper.models.status() == []
    swapper.find_people(ZIDANE)
    known = "person_detector: starter (license research-and-non-commercial)"
    assert known in swapper.models.status()
