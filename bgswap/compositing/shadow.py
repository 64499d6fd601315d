"""A soft shadow where feet meet the ground, drawn on the scene before the people are blended in.

Neither the ground nor the light source is known. Independent of both, little light reaches the
ground under a shoe (contact shadow), and the ground around a body is slightly darker (ambient
occlusion): an ellipse for each foot and a wide one for the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

# Seed of the dither noise of one grey level.
DITHER_SEED = 12


@dataclass(frozen=True)
class Ellipse:
    """The shape of one part of the shadow.

    Attributes:
        beyond: width added on each side of the feet, as a share of the person's height.
        depth: half the height of the ellipse, as a share of the person's height.
        share: of the light that it takes away at full strength.
    """

    beyond: float
    depth: float
    share: float


@dataclass(frozen=True)
class ShadowConfig:
    """How feet are detected and how shadows are drawn; chosen by eye."""

    # Longer side in pixels at which feet are detected and shadows are drawn: both are smooth.
    field_side: int = 768
    # The lowest part of a person that is searched for feet, as a share of their height.
    feet: float = 0.08
    # Greatest width of a foot as a share of the person's height: a wider component is a body cut
    # off by a table, or the hem of a dress. Smallest width: less is a speck of the mask.
    widest: float = 0.28
    narrowest: float = 0.02
    # Distance to the lower border, as a share of the picture's height, below which feet are cut
    # off.
    border: float = 0.01
    # Minimum ratio of height to width: below, people sit, lie or stretch out.
    slender: float = 1.4
    # The contact shadow of each foot, and the ambient occlusion around the person.
    contact: Ellipse = Ellipse(0.03, 0.022, 0.6)
    around: Ellipse = Ellipse(0.13, 0.045, 0.4)
    # Pixels with more light than this do not change: less than half a level of 8 bits.
    unchanged: float = 0.998


CONFIG = ShadowConfig()


@dataclass(frozen=True)
class Foot:
    """One foot, or two side by side, in pixels of the field.

    Attributes:
        left, right: its columns.
        bottom: where it meets the ground.
        height: of the whole person.
    """

    left: float
    right: float
    bottom: float
    height: float


def cast_shadows(
    background: np.ndarray, alpha: np.ndarray, masks: Sequence[np.ndarray], strength: float
) -> np.ndarray:
    """The scene with a shadow under each person whose feet are visible.

    Args:
        background: (H, W, 3) uint8 RGB, the scene at the photo's size.
        alpha: of all kept people together, (H, W) float32 in [0, 1].
        masks: of each of them, (H, W) float32 in [0, 1].
        strength: 0 (the scene is returned unchanged) to 1.

    Returns:
        (H, W, 3) uint8 RGB; the unchanged scene where no feet are detected.

    Raises:
        ValueError: sizes differ, or the strength is out of range.
    """
    if any(one.shape != background.shape[:2] for one in (alpha, *masks)):
        raise ValueError(f"background {background.shape}, alpha and masks differ in size")
    if not 0 <= strength <= 1:
        raise ValueError(f"expected a strength from 0 to 1, got {strength}")
    if strength == 0:
        return background
    scale = min(1.0, CONFIG.field_side / max(alpha.shape))
    size = tuple(max(1, round(side * scale)) for side in alpha.shape[::-1])
    kept, *people = (
        cv2.resize(one, size, interpolation=cv2.INTER_AREA) > 0.5 for one in (alpha, *masks)
    )
    standing = [feet for one in people if (feet := find_feet(one & kept, kept))]
    if not standing:
        return background
    return _lit(background, ground_light(size[::-1], standing, strength))


def ground_light(
    size: tuple[int, int], standing: Sequence[Sequence[Foot]], strength: float
) -> np.ndarray:
    """The share of the light that reaches the ground.

    Args:
        size: (h, w) of the field.
        standing: the feet of each person, at least one each.
        strength: 0 to 1.

    Returns:
        (h, w) float32 in [0, 1].
    """
    light = np.ones(size, np.float32)
    for feet in standing:
        _darken(light, feet, strength)
    return light


def find_feet(person: np.ndarray, kept: np.ndarray) -> list[Foot]:
    """The feet that a person stands on, from left to right.

    Args:
        person: (H, W) bool.
        kept: (H, W) bool, all kept people: one person may hide another's feet.

    Returns:
        An empty list where the feet are not in the picture, or the lowest part of the person is
        not plausible as feet.
    """
    _, y, width, height = cv2.boundingRect(person.view(np.uint8))
    bottom = y + height
    if (
        not height
        or bottom > len(person) * (1 - CONFIG.border) - 1
        or height < CONFIG.slender * width
    ):
        return []
    top = bottom - max(round(CONFIG.feet * height), 2)
    count, _, boxes, _ = cv2.connectedComponentsWithStats(person[top:bottom].view(np.uint8))
    feet = []
    for left, upper, breadth, depth, _ in sorted(boxes[1:count].tolist()):
        end = top + upper + depth
        if breadth > CONFIG.widest * height:
            return []
        beneath = kept[end + 1 : end + 3, left : left + breadth]
        if breadth >= CONFIG.narrowest * height and not beneath.mean() > 0.5:
            feet.append(Foot(left, left + breadth, end, height))
    return feet


def _darken(light: np.ndarray, feet: Sequence[Foot], strength: float) -> None:
    """Multiply the light (h, w) that reaches the ground by one person's shadows, in place."""
    for foot in feet:
        _apply(light, foot, CONFIG.contact, strength)
    lowest = max(foot.bottom for foot in feet)
    mean = sum(foot.bottom for foot in feet) / len(feet)
    stance = Foot(feet[0].left, max(f.right for f in feet), (lowest + mean) / 2, feet[0].height)
    _apply(light, stance, CONFIG.around, strength)


def _apply(light: np.ndarray, foot: Foot, ellipse: Ellipse, strength: float) -> None:
    """Multiply the light by one shadow: a Gaussian that falls to 1/e on the ellipse."""
    depth = ellipse.depth
    across = (foot.right - foot.left) / 2 + ellipse.beyond * foot.height
    rows, columns = np.ogrid[: light.shape[0], : light.shape[1]]
    # The center lies a little above the sole: a foot touches the ground along its whole length.
    middle = foot.bottom - depth * foot.height / 3
    x = (columns + 0.5 - (foot.left + foot.right) / 2) / across
    y = (rows + 0.5 - middle) / (depth * foot.height)
    light *= 1 - strength * ellipse.share * np.exp(-(x * x) - y * y)


def _lit(background: np.ndarray, light: np.ndarray) -> np.ndarray:
    """The background multiplied by the light (h, w) in [0, 1]; dithered against banding."""
    large = cv2.resize(light, background.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    shaded = large < CONFIG.unchanged
    x, y, width, height = cv2.boundingRect(shaded.view(np.uint8))
    window = (slice(y, y + height), slice(x, x + width))
    lit: np.ndarray = background[window] * large[window][..., None]
    lit += np.random.default_rng(DITHER_SEED).random(lit.shape[:2], np.float32)[..., None]
    result = background.copy()
    np.copyto(result[window], lit.astype(np.uint8), where=shaded[window][..., None])
    return result
