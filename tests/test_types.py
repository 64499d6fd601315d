"""Options are checked in one place, with messages that say what was expected."""

import numpy as np
import pytest

from bgswap.errors import BadInput
from bgswap.types import BOUNDS, Person, SwapOptions, check_text


def test_defaults_ask_for_nothing_special() -> None:
    options = SwapOptions()
    assert (options.seed, options.steps, options.guidance_scale) == (None, None, None)
    assert options.variations == 1
    assert (options.light, options.shadow, options.enhance_faces) == (0.0, 0.0, 0.0)
    assert options.preset == "auto"


def test_bounds_are_those_that_the_documentation_names() -> None:
    assert BOUNDS["seed"] == (0, 4294967295)
    assert (BOUNDS["steps"], BOUNDS["guidance_scale"]) == ((1, 100), (0, 30))
    assert BOUNDS["variations"] == (1, 8)
    assert {BOUNDS[name] for name in ("light", "shadow", "enhance_faces")} == {(0, 1)}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_inside(name: str) -> None:
    for value in BOUNDS[name]:
        assert getattr(SwapOptions(**{name: value}), name) == value


@pytest.mark.parametrize("name", BOUNDS)
def test_beyond_the_bounds_is_bad_input(name: str) -> None:
    low, high = BOUNDS[name]
    for value in (low - 1, high + 1, "many", float("nan"), True):
        with pytest.raises(BadInput, match=f"{name} must be"):
            SwapOptions(**{name: value})


def test_whole_numbers_may_come_as_floats_but_not_as_fractions() -> None:
    assert SwapOptions(seed=7.0).seed == 7
    assert isinstance(SwapOptions(steps=np.int64(3)).steps, int)
    with pytest.raises(BadInput, match="whole number"):
        SwapOptions(variations=1.5)


def test_only_what_has_no_default_may_be_none() -> None:
    assert SwapOptions(seed=None).seed is None
    with pytest.raises(BadInput):
        SwapOptions(variations=None)


def test_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="auto, starter, fast, quality"):
        SwapOptions(preset="best")


def test_text_has_a_limit() -> None:
    check_text("prompt", "x" * 1000)
    with pytest.raises(BadInput, match="1000 characters at most, got 1001"):
        check_text("prompt", "x" * 1001)
    with pytest.raises(BadInput, match="must be text"):
        SwapOptions(negative_prompt=3)


@pytest.mark.parametrize("text", ["a \ud83d forest", "\udce9t\udce9"])
def test_half_a_character_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="lone surrogate"):
        SwapOptions(negative_prompt=text)


def test_person_area_is_the_share_of_the_photo() -> None:
    mask = np.zeros((10, 10), np.float32)
    mask[:5] = 1
    assert Person(1, (0, 0, 10, 5), 0.9, mask).area == pytest.approx(0.5)
    with pytest.raises(ValueError, match="float32"):
        Person(1, (0, 0, 10, 5), 0.9, mask.astype(np.uint8))


def test_a_person_with_another_mask_has_its_box() -> None:
    mask = np.zeros((20, 30), np.float32)
    mask[5:15, 10:12] = 1
    person = Person(4, (0, 0, 30, 20), 0.7, np.ones((20, 30), np.float32))
    other = person.with_mask(mask)
    assert (other.number, other.confidence, other.box) == (4, 0.7, (10, 5, 12, 15))
    np.testing.assert_array_equal(other.mask, mask)
    assert person.area == 1
    assert person.with_mask(np.zeros_like(mask)).box == (0, 0, 0, 0)
    with pytest.raises(ValueError, match="expected a mask"):
        person.with_mask(mask[:10])
