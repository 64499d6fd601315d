"""Generates and scores scenes, with more seeds while the best of them alters the people."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bgswap.backgrounds import ranking
from bgswap.errors import SceneRejected
from bgswap.options import SwapOptions
from bgswap.types import Background

if TYPE_CHECKING:
    from bgswap.backgrounds.diffusion.scenes import Scenes

# Maximum number of further seeds while no scene is good. Each takes as long as the first; where
# two did not help, another prompt is more likely to.
MOST_RETRIES = 2


@dataclass(frozen=True, eq=False)
class Search:
    """All scenes that were generated.

    Attributes:
        backgrounds: best first.
        retries: number of further seeds.
        good: whether the best is good, see :func:`bgswap.backgrounds.ranking.is_good`.
    """

    backgrounds: list[Background]
    retries: int
    good: bool


def search(
    alpha: np.ndarray,
    options: SwapOptions,
    paint: Callable[[list[int]], "Scenes"],
    judge: Callable[[np.ndarray], ranking.Judgement],
) -> Search:
    """Generate and score the requested scenes, and more while the best of them is not good.

    The seeds count up from the requested one, or from a random one.

    Args:
        alpha: of the kept people, (H, W) float32 in [0, 1].
        options: seed and number of variations.
        paint: generates one scene for each seed.
        judge: scores the picture composed with a scene, by the people detected in it.

    Raises:
        SceneRejected: the safety checker rejected every requested scene.
    """
    first = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    seeds = [(first + i) % 2**32 for i in range(options.variations + MOST_RETRIES)]
    requested, more = seeds[: options.variations], seeds[options.variations :]

    def made(wanted: Sequence[int]) -> list[Background]:
        scenes = paint(list(wanted))
        pairs = zip(scenes.images, scenes.seeds, strict=True)
        return [Background(image, "scene", seed, *judge(image)) for image, seed in pairs]

    found, retries = ranking.rank(made(requested)), 0
    while retries < len(more) and not ranking.is_good(found[0], alpha):
        # The safety checker may reject this one; the requested ones exist already.
        with suppress(SceneRejected):
            found += made([more[retries]])
        found, retries = ranking.rank(found), retries + 1
    return Search(found, retries, ranking.is_good(found[0], alpha))
