"""Composition of cut-out and background: grain, shadow, blend, faces, light, in this order."""

from collections.abc import Callable

import numpy as np

from bgswap.compositing import blend, grain, lighting, shadow
from bgswap.io.images import fit_within
from bgswap.options import SwapOptions
from bgswap.types import Background, Cutout

# Candidates are scored at about this many pixels: the detector scales larger pictures down.
JUDGING_PIXELS = 500_000


def composed(
    cutout: Cutout,
    background: Background,
    options: SwapOptions,
    enhance: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """A finished picture at the photo's size.

    Args:
        cutout: the kept people.
        background: the background behind them.
        options: the strengths of shadow, light and face restoration.
        enhance: restores the kept people's faces in an (H, W, 3) uint8 RGB picture; called only
            where ``options.enhance_faces`` is above 0.

    Returns:
        (H, W, 3) uint8 RGB; (H, W, 4) RGBA where the background is transparent.
    """
    people, alpha = cutout.foreground, cutout.alpha
    if background.image is None:
        return blend.cutout(enhance(people) if options.enhance_faces else people, alpha)
    scene = blend.enlarge_background(background.image, alpha.shape)
    if background.source == "scene":
        scene = grain.match_grain(scene, cutout.photo)
    masks = [person.mask for person in cutout.kept]
    ground = shadow.cast_shadows(scene, alpha, masks, options.shadow)
    image = blend.composite(people, alpha, ground)
    if options.enhance_faces:
        image = enhance(image)
    if options.light:
        image = lighting.match_light(image, people, alpha, scene, options.light)
    return image


def drafts(cutout: Cutout) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
    """A function that composes a scaled-down picture with a scene, and the scaled-down alpha.

    Both are for scoring candidate scenes.

    Args:
        cutout: the kept people.

    Returns:
        The function, from (h, w, 3) uint8 RGB to (H', W', 3) uint8 RGB, and (H', W') float32.
    """
    photo = fit_within(cutout.photo, pixels=JUDGING_PIXELS)
    alpha = fit_within(cutout.alpha, pixels=JUDGING_PIXELS)

    def draft(scene: np.ndarray) -> np.ndarray:
        return blend.composite(photo, alpha, blend.enlarge_background(scene, alpha.shape))

    return draft, alpha
