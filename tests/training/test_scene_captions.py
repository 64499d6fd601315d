"""Captions of the scene training: their words, tokens, and what is measured from pixels."""

import numpy as np
import pytest

from training.scene.captions import (
    NOUNS,
    PHRASES,
    UNKNOWN,
    measure,
    scene_caption,
    studio_caption,
    vocabulary,
    words,
)
from training.scene.data.pictures import STUDIO_COLORS
from training.scene.text import LENGTH, build_tokenizer, tokenize


def test_every_word_of_every_caption_is_one_known_token():
    rng, tokenizer = np.random.default_rng(1), build_tokenizer()
    known = set(vocabulary())
    texts = [scene_caption(scene, set(PHRASES), rng) for scene in NOUNS for _ in range(30)]
    texts += [studio_caption(color, "spot", rng) for color in STUDIO_COLORS for _ in range(10)]
    for text in texts:
        plain = text.replace(UNKNOWN, "")
        assert set(words(plain)) <= known
        assert tokenizer.unk_token not in tokenizer.tokenize(plain)


def test_tokens_come_whole_whatever_the_case_and_the_unknown_word_is_one_token():
    tokenizer = build_tokenizer()
    tokens = tokenizer.tokenize("A Snow-covered jungle, with a ZEBRA!")
    assert tokens == ["a", "snow", "covered", "jungle", "with", "a", "<unk>"]
    ids = tokenize(tokenizer, ["a beach", "sea " * 100])
    assert ids.shape == (2, LENGTH)
    assert ids[0, 0] == tokenizer.bos_token_id and ids[0, 3] == tokenizer.eos_token_id


def test_the_prompts_that_people_write_are_known():
    known = set(vocabulary())
    for prompt in ("a jungle at sunset, warm golden light", "plain white studio", "a snowy city"):
        assert set(words(prompt)) <= known


@pytest.mark.parametrize(
    ("color", "scene", "said"),
    [
        ((240, 150, 40), "sea", "sunset"),
        ((60, 120, 230), "sea", "blue_sky"),
        ((10, 12, 20), "street", "night"),
        ((240, 244, 248), "mountain", "snow"),
        ((40, 120, 30), "forest", "green"),
    ],
)
def test_pixels_say_what_they_show(color, scene, said):
    picture = np.full((64, 64, 3), color, np.uint8)
    assert said in measure(picture, scene)
    assert said not in measure(np.full((64, 64, 3), (130, 124, 128), np.uint8), scene)


def test_an_unusual_light_is_nearly_always_said_and_no_other():
    rng = np.random.default_rng(9)
    texts = [words(scene_caption("kitchen", {"night"}, rng)) for _ in range(200)]
    night = set(words(PHRASES["night"])) | {"dark"}
    assert np.mean([bool(night & set(text)) for text in texts]) > 0.85
    plain = [words(scene_caption("kitchen", set(), rng)) for _ in range(200)]
    assert not any({"night", "midnight", "moonlight"} & set(text) for text in plain)
