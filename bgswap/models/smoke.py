"""One smoke pass of a full model before it serves: does it run, and are its answers finite?

Raises from here reject the model; the starter, which ships, needs no such pass.
"""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bgswap.errors import SceneRejected
from bgswap.types import Person

if TYPE_CHECKING:
    from bgswap.backgrounds.diffusion.generator import SceneGenerator
    from bgswap.detection.mask_autoencoder import MaskRefiner
    from bgswap.detection.yolo import YoloDetector
    from bgswap.faces.enhancer import FaceEnhancer
    from bgswap.matting.network import NetworkMatter

SIDE = 96
# Pixels: on still smaller canvases attention over a few tokens can hide what is not a number.
LEAST_SCENE = 64


def _photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), np.uint8)


def _mask() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[SIDE // 4 : -SIDE // 4, SIDE // 4 : -SIDE // 4] = 1
    return mask


def try_detector(detector: "YoloDetector") -> None:
    """Look for people in noise.

    Raises:
        Exception: the network does not run.
    """
    detector.detect(_photo())


def try_refiner(refiner: "MaskRefiner") -> None:
    """Refine a square, in which there is nothing to mend.

    Raises:
        Exception: the network does not run, its answer is no mask, or less than half of the square.
    """
    mask = _mask()
    (refined,) = refiner.refine([mask], [(SIDE / 4, SIDE / 4, SIDE * 3 / 4, SIDE * 3 / 4)])
    if refined.shape != mask.shape or not np.isfinite(refined).all():
        raise ValueError("a refined mask is not finite")
    if np.minimum(mask, refined).sum() < 0.5 * np.maximum(mask, refined).sum():
        raise ValueError("a refined square is another shape")


def try_matter(matter: "NetworkMatter") -> None:
    """Look for a square in noise, and cut it out.

    Raises:
        Exception: the network does not run, an answer is not finite, or what was
            chosen for the weights is out of bounds.
    """
    photo, mask, chosen = _photo(), _mask(), matter.calibration
    if not (0 <= chosen.threshold <= 1 and 0 <= chosen.score_weight <= 1):
        raise ValueError("the calibration is out of bounds")
    box = (SIDE / 4, SIDE / 4, SIDE * 3 / 4, SIDE * 3 / 4)
    (found,) = matter.alphas(photo, [Person(number=1, box=box, confidence=1, mask=mask)])
    if not (np.isfinite(found.confidence) and np.isfinite(found.mask).all()):
        raise ValueError("an alpha is not finite")
    if not np.isfinite(matter.matte(photo, mask)).all():
        raise ValueError("a matte is not finite")


def try_faces(enhancer: "FaceEnhancer") -> None:
    """Reconstruct noise.

    Raises:
        Exception: the network does not run, or its answer is not finite.
    """
    import torch

    with torch.inference_mode():
        faces = torch.rand(1, 3, 64, 64).to(enhancer.device)
        if not all(torch.isfinite(part).all() for part in enhancer.vae(faces)):
            raise ValueError("a reconstructed face is not finite")


def try_scene(generator: "SceneGenerator") -> None:
    """Paint one scene in one step, far below the model's own size: on a CPU that takes seconds.

    Raises:
        Exception: the pipeline does not run, or its answer is not finite.
    """
    from bgswap.backgrounds.diffusion.generator import SceneGenerator

    small = replace(generator.preset, side=max(2 * generator.multiple, LEAST_SCENE))
    with suppress(SceneRejected):
        SceneGenerator(generator.pipe, small).generate(
            _photo(),
            _mask(),
            "a forest",
            negative_prompt="",
            seeds=[0],
            steps=1,
            guidance_scale=None,
        )
