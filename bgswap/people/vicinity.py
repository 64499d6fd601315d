"""A second opinion on what colours would take out of a mask, from close by.

In the whole photo a person's dark hair is easily outnumbered by dark windows and dark coats. Close
to it, most that looks like it may be the person all the same: then the mask is right. Wisps are
different: hair and gaps take turns there, and a mask that holds both says nothing of either, unless
what lies further around has none of the gaps' colour: then they are a pattern on clothes.
"""

import cv2
import numpy as np

from bgswap.people.likeness import ballot, ramp

# What has fewer votes than this in its mask is asked for again, in squares of so many widths of the
# band's half and as much around them; wisps, in squares of the second size, too.
DOUBTED, VICINITY, WIDER = 0.8, 6.0, 12.0
# Votes from there with which wisps are a pattern: not below, wholly from the second number.
PATTERN = (0.85, 1.0)
# Levels of colour by which none of them is told from another.
GRAIN = np.float32(0.1)
# So many samples of a vicinity vote, of either side as many as its share of the pixels.
ELECTORATE = 4000
# Samples in a mask with fewer votes than this are none of the person's.
FREED = 0.3
# What is narrower than this, in widths of the band's half, is a wisp.
WISP = 1.0
# So large a share of a mask, in a square of so many widths, are wisps where it is hair and gaps;
# below the first number it is not, beyond the second it is.
WISPS, NEIGHBOURHOOD = (0.08, 0.2), 12.0


def defended(
    photo: np.ndarray, mask: np.ndarray, left_out: np.ndarray, likely: np.ndarray, radius: float
) -> np.ndarray:
    """Votes for the person, with those in the mask that a second opinion raises.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) bool.
        left_out: (H, W) bool, pixels that give no samples and are not judged.
        likely: (H, W) float32 in [0, 1], the votes of the whole photo.
        radius: half the width in pixels of the band round the mask's edge.

    Returns:
        (H, W) float32 in [0, 1], nowhere less than ``likely``.
    """
    person, ground = mask & ~left_out, ~mask & ~left_out
    asked = person & (likely < DOUBTED)
    colours = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB).astype(np.float32)
    # of equal colours any may be the nearest, not the one that was listed first
    colours += np.random.default_rng(0).random(colours.shape, np.float32) * GRAIN
    near = _votes_nearby(colours, asked, person, ground, VICINITY * radius)
    wisps = wispiness(mask, likely > 0.5, radius)
    wider = _votes_nearby(colours, asked & (wisps > 0), person, ground, WIDER * radius)
    clear = 1 - wisps * (1 - ramp(wider, PATTERN))
    return np.where(asked, likely + clear * np.maximum(near - likely, 0), likely)


def _votes_nearby(
    colours: np.ndarray, asked: np.ndarray, person: np.ndarray, ground: np.ndarray, reach: float
) -> np.ndarray:
    """Votes (H, W) for what was asked; those of the mask that lose the first round change sides."""
    reach = max(1, round(reach))
    first = _round(colours, asked, person, ground, reach)
    freed = asked & (first < FREED)
    return _round(colours, asked, person & ~freed, ground | freed, reach)


def _round(
    colours: np.ndarray, asked: np.ndarray, person: np.ndarray, ground: np.ndarray, reach: int
) -> np.ndarray:
    share, rng = person.astype(np.float32), np.random.default_rng(0)
    height, width = asked.shape
    for y, x in ((y, x) for y in range(0, height, reach) for x in range(0, width, reach)):
        square = np.s_[y : y + reach, x : x + reach]
        where = asked[square]
        if not where.any():
            continue
        around = np.s_[max(y - reach, 0) : y + 2 * reach, max(x - reach, 0) : x + 2 * reach]
        sides = [colours[around][kind[around]] for kind in (person, ground)]
        if all(map(len, sides)):
            drawn = min(1.0, ELECTORATE / sum(map(len, sides)))
            few = [
                rng.choice(side, max(1, int(drawn * len(side))), replace=False) for side in sides
            ]
            share[square][where] = ballot(*few, colours[square][where])
    return share


def wispiness(mask: np.ndarray, likely: np.ndarray, radius: float) -> np.ndarray:
    """How much a place in a mask looks like hair and gaps in turn.

    Args:
        mask: (H, W) bool.
        likely: (H, W) bool, who is the person by colour.
        radius: half the width in pixels of the band round the mask's edge.

    Returns:
        (H, W) float32 in [0, 1].
    """
    side = 2 * max(1, round(WISP * radius / 2)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    person = (mask & likely).astype(np.uint8)
    wisps = person - cv2.morphologyEx(person, cv2.MORPH_OPEN, disc)
    side = 2 * round(NEIGHBOURHOOD * radius / 2) + 1
    near, all_near = (cv2.blur(m.astype(np.float32), (side, side)) for m in (wisps, mask))
    return ramp(near / np.maximum(all_near, 0.05), WISPS)
