"""Alpha by colour alone: right where two colours explain a pixel, unsure where they cannot."""

import numpy as np

from bgswap.people.mixing import mixtures

SIDE = 48


def ramp(person: tuple, ground: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A photo that passes from person (left) to ground over its middle third; alpha; asked."""
    alpha = np.tile(np.clip(np.linspace(2, -1, SIDE), 0, 1).astype(np.float32), (SIDE, 1))
    mixed = alpha[..., None] * np.float32(person) + (1 - alpha[..., None]) * np.float32(ground)
    noise = np.random.default_rng(0).normal(0, 2, (SIDE, SIDE, 3))
    photo = np.uint8((mixed + noise).clip(0, 255).round())
    return photo, alpha, (alpha > 0) & (alpha < 1)


def test_mixtures_of_two_colours_are_taken_apart() -> None:
    photo, alpha, asked = ramp((200, 40, 40), (90, 120, 110))
    guess, weight = mixtures(photo, asked, alpha == 1, alpha == 0)
    assert np.abs(guess - alpha)[asked].mean() < 0.03
    assert (weight[asked] > 0).all() and not weight[~asked].any() and not guess[~asked].any()


def test_colours_that_do_not_differ_weigh_little() -> None:
    clear, alpha, asked = ramp((200, 40, 40), (90, 120, 110))
    alike, _, _ = ramp((94, 122, 108), (90, 120, 110))
    _, sure = mixtures(clear, asked, alpha == 1, alpha == 0)
    _, unsure = mixtures(alike, asked, alpha == 1, alpha == 0)
    assert unsure[asked].mean() < 0.05 * sure[asked].mean()


def test_a_colour_that_no_pair_explains_weighs_little() -> None:
    photo, alpha, asked = ramp((200, 40, 40), (90, 120, 110))
    foreign = asked.copy()
    foreign[: SIDE // 2] = False
    photo[foreign] = (20, 240, 255)
    _, weight = mixtures(photo, asked, alpha == 1, alpha == 0)
    assert weight[foreign].max() < 0.05 * np.median(weight[asked & ~foreign])


def test_a_single_sample_is_enough() -> None:
    photo, alpha, asked = ramp((200, 40, 40), (90, 120, 110))
    one = np.zeros_like(asked)
    one[SIDE // 2, 0] = True
    guess, _ = mixtures(photo, asked, one, alpha == 0)
    assert np.abs(guess - alpha)[asked].mean() < 0.06
