"""From scenes to pictures: judged as small drafts, then finished, best first, at photo size."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bgswap.images import fit_within
from bgswap.types import Candidate, SwapOptions

if TYPE_CHECKING:
    from bgswap.scene.generator import Scenes
    from bgswap.scene.ranking import Finder

# Candidates are judged on about this many pixels: the detector sees no more of them anyway.
JUDGING_PIXELS = 500_000


def ranked(
    picture: np.ndarray, alpha: np.ndarray, scenes: "Scenes", find: "Finder"
) -> list[Candidate]:
    """The scenes as candidates, best first; their images are still backgrounds.

    Args:
        picture: (H, W, 3) uint8 RGB, the photo.
        alpha: of the kept people, (H, W) float32 in [0, 1].
        scenes: made for them, at the scene model's resolution.
        find: finds people in a picture, as the photo's were found.
    """
    from bgswap.finish.compositing import composite, enlarge_background
    from bgswap.scene.ranking import rank

    small = fit_within(picture, pixels=JUDGING_PIXELS)
    small_alpha = fit_within(alpha, pixels=JUDGING_PIXELS)
    drafts = [
        composite(small, small_alpha, enlarge_background(scene, small_alpha.shape))
        for scene in scenes.images
    ]
    judged = rank(drafts, small_alpha, find)
    return [
        Candidate(scenes.images[j.index], scenes.seeds[j.index], j.expansion, j.extra_people)
        for j in judged
    ]


def finished(
    picture: np.ndarray,
    alpha: np.ndarray,
    drafts: list[Candidate],
    options: SwapOptions,
    enhance: Callable[[np.ndarray], np.ndarray],
) -> tuple[list[Candidate], np.ndarray]:
    """The same candidates as finished pictures, and the cut-out.

    Args:
        picture: (H, W, 3) uint8 RGB, the photo.
        alpha: of the kept people, (H, W) float32 in [0, 1].
        drafts: as :func:`ranked` gives them.
        options: which finishing steps were asked for.
        enhance: restores the kept people's faces in an (H, W, 3) uint8 RGB picture; called only
            where ``options`` ask for it.

    Returns:
        The candidates, images (H, W, 3) uint8 RGB, and the cut-out, (H, W, 4) uint8 RGBA.
    """
    from bgswap.finish import compositing, lighting

    people = compositing.foreground(picture, alpha)
    pictures = []
    for draft in drafts:
        background = compositing.enlarge_background(draft.image, alpha.shape)
        image = compositing.composite(people, alpha, background)
        if options.enhance_faces:
            image = enhance(image)
        if options.light:
            image = lighting.match_light(image, alpha, background, options.light)
        pictures.append(replace(draft, image=image))
    return pictures, compositing.cutout(people, alpha)
