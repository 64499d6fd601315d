"""The starter's own figures, and the words it knows."""

import json

import pytest

from bgswap.backgrounds.diffusion.loading import read_parameters
from bgswap.errors import ModelUnavailable
from bgswap.models import STARTER
from bgswap.presets import PRESETS
from bgswap.ui.background_controls import PROMPTS

FIGURES = {"side": 96, "steps": 5, "guidance_scale": 2.5, "vocabulary": ["forest", "golden hour"]}


def write(folder, text):
    (folder / "starter.json").write_text(text)
    return folder


def test_the_starter_is_run_as_its_folder_says(tmp_path):
    preset = read_parameters(PRESETS["starter"], write(tmp_path, json.dumps(FIGURES)))
    assert (preset.side, preset.steps, preset.guidance_scale) == (96, 5, 2.5)
    assert preset.vocabulary == {"forest", "golden", "hour"} and preset.margin == 0
    told = json.dumps(FIGURES | {"margin": 4})
    assert read_parameters(PRESETS["starter"], write(tmp_path, told)).margin == 4


def test_the_starter_knows_every_word_that_the_page_suggests():
    preset = read_parameters(PRESETS["starter"], STARTER / "scene")
    assert not [word for prompt in PROMPTS.values() for word in preset.unknown_words(prompt)]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"side": 96}', json.dumps(FIGURES | {"vocabulary": [3]})]
)
def test_a_broken_starter_json_is_one_clear_error(tmp_path, text):
    with pytest.raises(ModelUnavailable, match=r"starter\.json"):
        read_parameters(PRESETS["starter"], write(tmp_path, text))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("side", -1),
        ("side", 10**8),
        ("steps", 0),
        ("steps", 10**6),
        ("guidance_scale", float("nan")),
        ("guidance_scale", float("inf")),
        ("margin", -4),
        ("margin", 16),
    ],
)
def test_figures_out_of_bounds_are_refused_by_name(tmp_path, name, value):
    told = json.dumps(FIGURES | {name: value})
    with pytest.raises(ModelUnavailable, match=name):
        read_parameters(PRESETS["starter"], write(tmp_path, told))


def test_a_missing_starter_json_is_one_clear_error(tmp_path):
    with pytest.raises(ModelUnavailable, match=r"starter\.json"):
        read_parameters(PRESETS["starter"], tmp_path)


def test_unknown_words_come_once_in_order_and_without_stop_words(tmp_path):
    preset = read_parameters(PRESETS["starter"], write(tmp_path, json.dumps(FIGURES)))
    prompt = "A Zebra in the forest, at golden hour, and a zebra's quay"
    assert preset.unknown_words(prompt) == ["zebra", "quay"]


def test_the_full_models_know_more_words_than_can_be_listed():
    assert PRESETS["fast"].unknown_words("qwertz") == []
