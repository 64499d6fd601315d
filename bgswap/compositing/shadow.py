"""A soft shadow where feet meet the ground, drawn on the scene before the people are.

Nothing is known of the ground or the lamp. What holds under any of them is that little light
reaches the ground right under a shoe (a contact shadow), and a little less than all of it the
ground around a body (ambient occlusion): an ellipse for each foot and a wide one for the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

# The longer side, in pixels, on which feet are looked for and shadows are drawn: they are smooth.
FIELD_SIDE = 768
# Shares of a person's height. Feet are what is left of them in this lowest part ...
FEET = 0.08
# ... unless a piece is as broad as this: a body cut off by a table, the hem of a dress.
BROADEST = 0.28
# Smaller ones are specks of the mask.
NARROWEST = 0.02
# Nearer to the lower border than this, as a share of the picture's height, feet are cut off.
BORDER = 0.01
# People whose height is less than this many times their breadth sit, lie or stretch out.
SLENDER = 1.4
# Of each ellipse how far it reaches beyond the feet, its depth, both as shares of the person's
# height, and how much of the light it takes at full strength.
CONTACT = (0.03, 0.022, 0.6)
AROUND = (0.13, 0.045, 0.4)
# More light than this is left alone: on 8 bits the difference is less than half a level.
UNSEEN = 0.998
DITHER_SEED = 12


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
    """The scene with a shadow under everyone whose feet are to be seen.

    Args:
        background: (H, W, 3) uint8 RGB, the scene at the photo's size.
        alpha: of all kept people together, (H, W) float32 in [0, 1].
        masks: of each of them, (H, W) float32 in [0, 1].
        strength: 0 (the scene itself is given back) to 1.

    Returns:
        (H, W, 3) uint8 RGB; the scene itself where nobody stands on their feet.

    Raises:
        ValueError: sizes differ, or the strength is out of range.
    """
    if any(one.shape != background.shape[:2] for one in (alpha, *masks)):
        raise ValueError(f"background {background.shape}, alpha and masks differ in size")
    if not 0 <= strength <= 1:
        raise ValueError(f"expected a strength from 0 to 1, got {strength}")
    if strength == 0:
        return background
    scale = min(1.0, FIELD_SIDE / max(alpha.shape))
    size = tuple(max(1, round(side * scale)) for side in alpha.shape[::-1])
    kept, *people = (
        cv2.resize(one, size, interpolation=cv2.INTER_AREA) > 0.5 for one in (alpha, *masks)
    )
    standing = [feet for one in people if (feet := find_feet(one & kept, kept))]
    if not standing:
        return background
    light = np.ones(size[::-1], np.float32)
    for feet in standing:
        _darken(light, feet, strength)
    return _lit(background, light)


def find_feet(person: np.ndarray, kept: np.ndarray) -> list[Foot]:
    """The feet that a person stands on, from left to right.

    Args:
        person: (H, W) bool.
        kept: (H, W) bool, everyone who stays: feet may be hidden behind somebody.

    Returns:
        An empty list where the feet are not in the picture or it is not plausible that what is
        lowest of the person are feet.
    """
    _, y, width, height = cv2.boundingRect(person.view(np.uint8))
    bottom = y + height
    if not height or bottom > len(person) * (1 - BORDER) - 1 or height < SLENDER * width:
        return []
    top = bottom - max(round(FEET * height), 2)
    count, _, boxes, _ = cv2.connectedComponentsWithStats(person[top:bottom].view(np.uint8))
    feet = []
    for left, upper, breadth, depth, _ in sorted(boxes[1:count].tolist()):
        end = top + upper + depth
        if breadth > BROADEST * height:
            return []
        beneath = kept[end + 1 : end + 3, left : left + breadth]
        if breadth >= NARROWEST * height and not beneath.mean() > 0.5:
            feet.append(Foot(left, left + breadth, end, height))
    return feet


def _darken(light: np.ndarray, feet: list[Foot], strength: float) -> None:
    """Take one person's shadows out of the light (h, w) that reaches the ground, in place."""
    for foot in feet:
        _take(light, foot, CONTACT, strength)
    lowest = max(foot.bottom for foot in feet)
    mean = sum(foot.bottom for foot in feet) / len(feet)
    stance = Foot(feet[0].left, max(f.right for f in feet), (lowest + mean) / 2, feet[0].height)
    _take(light, stance, AROUND, strength)


def _take(
    light: np.ndarray, foot: Foot, shape: tuple[float, float, float], strength: float
) -> None:
    """One ellipse of shadow: a Gaussian that is 1/e of its middle on the ellipse itself."""
    beyond, depth, share = shape
    across = (foot.right - foot.left) / 2 + beyond * foot.height
    rows, columns = np.ogrid[: light.shape[0], : light.shape[1]]
    # The middle lies a little above the sole: a foot is on the ground for all of its length.
    middle = foot.bottom - depth * foot.height / 3
    x = (columns + 0.5 - (foot.left + foot.right) / 2) / across
    y = (rows + 0.5 - middle) / (depth * foot.height)
    light *= 1 - strength * share * np.exp(-(x * x) - y * y)


def _lit(background: np.ndarray, light: np.ndarray) -> np.ndarray:
    """The background under this light, (h, w) in [0, 1]; dithered, so that no bands show."""
    large = cv2.resize(light, background.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    shaded = large < UNSEEN
    x, y, width, height = cv2.boundingRect(shaded.view(np.uint8))
    window = (slice(y, y + height), slice(x, x + width))
    lit: np.ndarray = background[window] * large[window][..., None]
    lit += np.random.default_rng(DITHER_SEED).random(lit.shape[:2], np.float32)[..., None]
    result = background.copy()
    np.copyto(result[window], lit.astype(np.uint8), where=shaded[window][..., None])
    return result
