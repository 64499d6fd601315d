"""The strength of a shadow that was drawn is measured again."""

import numpy as np
import pytest

from benchmarks.shadows import shadow_strength
from bgswap.compositing.shadow import cast_shadows

HEIGHT, WIDTH = 400, 300


def standing() -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[40:300, 120:180] = 1
    mask[300:360, 122:142] = mask[300:360, 158:178] = 1
    return mask


@pytest.mark.parametrize("strength", [0.0, 0.2, 0.6])
def test_a_drawn_shadow_is_measured(strength: float) -> None:
    ground = np.full((HEIGHT, WIDTH, 3), 180, np.uint8)
    photo = cast_shadows(ground, standing(), [standing()], strength)
    assert shadow_strength(photo, standing()) == pytest.approx(strength, abs=0.03)


def test_without_feet_nothing_is_measured() -> None:
    bust = np.zeros((HEIGHT, WIDTH), np.float32)
    bust[200:, 100:200] = 1
    assert shadow_strength(np.full((HEIGHT, WIDTH, 3), 180, np.uint8), bust) is None
