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

# Scenes made beyond those asked for while none leaves the people as they are. Each takes as long
# as the first did, and where two more seeds did not help, words do.
MOST_RETRIES = 2


@dataclass(frozen=True, eq=False)
class Search:
    """All scenes that were made.

    Attributes:
        backgrounds: best first.
        retries: seeds used beyond those asked for.
        good: whether the best adds nobody and lets nobody grow.
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
    """Make the scenes asked for and judge them; make more while the best of them is not good.

    The seeds count up from the one asked for, or from one by chance.

    Args:
        alpha: of the kept people, (H, W) float32 in [0, 1].
        options: seed and number of variations.
        paint: makes one scene for each seed.
        judge: scores the picture that a scene would make, by the people detected in it.

    Raises:
        SceneRejected: every scene asked for was refused.
    """
    first = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    seeds = [(first + i) % 2**32 for i in range(options.variations + MOST_RETRIES)]
    asked, more = seeds[: options.variations], seeds[options.variations :]

    def made(wanted: Sequence[int]) -> list[Background]:
        scenes = paint(list(wanted))
        pairs = zip(scenes.images, scenes.seeds, strict=True)
        return [Background(image, "scene", seed, *judge(image)) for image, seed in pairs]

    found, retries = ranking.rank(made(asked)), 0
    while retries < len(more) and not ranking.is_good(found[0], alpha):
        # The safety checker may refuse this one too; those asked for are there.
        with suppress(SceneRejected):
            found += made([more[retries]])
        found, retries = ranking.rank(found), retries + 1
    return Search(found, retries, ranking.is_good(found[0], alpha))
