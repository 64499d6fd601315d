"""From scenes to pictures: tried and judged as small drafts, then finished at photo size."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bgswap.errors import SceneRejected
from bgswap.io.images import fit_within
from bgswap.options import SwapOptions
from bgswap.types import Candidate, Person

if TYPE_CHECKING:
    from bgswap.backgrounds.diffusion.generator import Scenes
    from bgswap.backgrounds.ranking import Finder

# Candidates are judged on about this many pixels: the detector sees no more of them anyway.
JUDGING_PIXELS = 500_000
# Scenes made beyond those asked for while none leaves the people as they are. Each takes as long
# as the first did, and where two more seeds did not help, words do.
MOST_RETRIES = 2


@dataclass(frozen=True, eq=False)
class Tried:
    """All scenes that were made.

    Attributes:
        drafts: as candidates, best first; their images are still backgrounds.
        retries: how many more seeds were tried than asked for.
        good: whether the best adds nobody and lets nobody grow.
    """

    drafts: list[Candidate]
    retries: int
    good: bool


def tried(
    picture: np.ndarray,
    alpha: np.ndarray,
    options: SwapOptions,
    paint: Callable[[list[int]], "Scenes"],
    find: "Finder",
) -> Tried:
    """Make the scenes asked for and judge them; make more while the best of them is not good.

    The seeds count up from the one asked for, or from one by chance.

    Args:
        picture: (H, W, 3) uint8 RGB, the photo.
        alpha: of the kept people, (H, W) float32 in [0, 1].
        options: seed and number of variations.
        paint: makes one scene for each seed.
        find: finds people in a picture, as the photo's were found.

    Raises:
        SceneRejected: every scene asked for was refused.
    """
    from bgswap.backgrounds.ranking import is_good, rank

    first = options.seed if options.seed is not None else random.SystemRandom().getrandbits(32)
    seeds = [(first + i) % 2**32 for i in range(options.variations + MOST_RETRIES)]
    asked, more = seeds[: options.variations], seeds[options.variations :]
    drafts = rank(judged(picture, alpha, paint(asked), find))
    retries = 0
    while retries < len(more) and not is_good(drafts[0], alpha):
        # The safety checker may refuse this one too; those asked for are there.
        with suppress(SceneRejected):
            drafts += judged(picture, alpha, paint([more[retries]]), find)
        drafts, retries = rank(drafts), retries + 1
    return Tried(drafts, retries, is_good(drafts[0], alpha))


def judged(
    picture: np.ndarray, alpha: np.ndarray, scenes: "Scenes", find: "Finder"
) -> list[Candidate]:
    """The scenes as candidates, in their order; their images are still backgrounds.

    Args:
        picture: (H, W, 3) uint8 RGB, the photo.
        alpha: of the kept people, (H, W) float32 in [0, 1].
        scenes: made for them, at the scene model's resolution.
        find: finds people in a picture, as the photo's were found.
    """
    from bgswap.backgrounds.ranking import judge
    from bgswap.compositing.blend import composite, enlarge_background

    small = fit_within(picture, pixels=JUDGING_PIXELS)
    small_alpha = fit_within(alpha, pixels=JUDGING_PIXELS)
    drafts = (
        composite(small, small_alpha, enlarge_background(scene, small_alpha.shape))
        for scene in scenes.images
    )
    return [
        Candidate(scene, seed, *judge(draft, small_alpha, find))
        for scene, seed, draft in zip(scenes.images, scenes.seeds, drafts, strict=True)
    ]


def finished(
    picture: np.ndarray,
    alpha: np.ndarray,
    kept: Sequence[Person],
    drafts: Sequence[Candidate],
    options: SwapOptions,
    enhance: Callable[[np.ndarray], np.ndarray],
) -> tuple[list[Candidate], np.ndarray]:
    """The same candidates as finished pictures, and the cut-out.

    Args:
        picture: (H, W, 3) uint8 RGB, the photo.
        alpha: of the kept people, (H, W) float32 in [0, 1].
        kept: who they are.
        drafts: as :func:`tried` gives them.
        options: which finishing steps were asked for.
        enhance: restores the kept people's faces in an (H, W, 3) uint8 RGB picture; called only
            where ``options`` ask for it.

    Returns:
        The candidates, images (H, W, 3) uint8 RGB, and the cut-out, (H, W, 4) uint8 RGBA.
    """
    from bgswap.compositing import blend, lighting, shadow

    people = blend.foreground(picture, alpha)
    masks = [person.mask for person in kept]
    pictures = []
    for draft in drafts:
        background = blend.enlarge_background(draft.image, alpha.shape)
        ground = shadow.cast_shadows(background, alpha, masks, options.shadow)
        image = blend.composite(people, alpha, ground)
        if options.enhance_faces:
            image = enhance(image)
        if options.light:
            image = lighting.match_light(image, people, alpha, background, options.light)
        pictures.append(replace(draft, image=image))
    return pictures, blend.cutout(people, alpha)
