"""Where a mask's edge may lie: near its own edge, and wherever the photo's colours doubt it.

A refined mask fills the gaps between curls and loses what sticks out. Colours tell more, if they
tell people from ground at all: each pixel is put to the vote of samples from in and out of the
mask, and again with those samples left out that the first votes contradict. How far the votes are
believed goes by how well they agree with the mask where it can hardly be wrong.

The numbers here were chosen on drawn subjects (benchmarks/edges.py, and the same with other seeds
and backgrounds) and held to on held-out photos with masks by hand, which must not get worse.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.people.likeness import PLACE, distances, places_and_colours, ramp, votes
from bgswap.people.vicinity import defended

# What a mask must say to be believed without the colours.
SURE = 0.9
# Depth inside the mask beyond which single spots of other colours are the person's own, as
# spectacles are, and how far outside colours may overrule it, in widths of the band's half.
INSIDE, OUTSIDE = 4.0, 8.0
# From this depth, trusted colours must be as sure as the last number of DOUBTED_INSIDE to be heard;
# others are not heard beyond INSIDE.
DEEP = 12.0
# What lies further out is surely background, and enough of it to know its colours.
SURROUNDINGS = 12.0
# Votes for the person that leave a pixel unsure: below inside (where votes are not trusted, where
# they are, and deep inside), above outside (not trusted, trusted).
DOUBTED_INSIDE, DOUBTED_OUTSIDE = (0.3, 0.8, 0.2), (0.7, 0.5)
# Gaps between hairs come in numbers: so large a share of a square of so many widths is doubted.
GAPS, NEIGHBOURHOOD = 0.3, 4.0
# Votes that agree with the mask as rarely as the first number, deep inside and well outside, are
# not trusted; as often as the second, wholly. So are those on bands as narrow, or as wide, in
# pixels: of small people most pixels are mixtures.
AGREED_INSIDE, AGREED_OUTSIDE, RESOLVED = (0.965, 0.98), (0.9, 0.94), (1.0, 2.0)
# Deep inside is beyond this share of the greatest depth.
CORE = 0.5
# Votes that free a sample of its label are beyond these, and those that settle it.
FREED, SETTLED = (0.3, 0.7), (0.1, 0.9)
# Colours are judged on about this many pixels.
EVIDENCE_PIXELS = 300_000
UNKNOWN = 0.5


@dataclass(frozen=True, eq=False)
class Evidence:
    """What mask and colours say together.

    trimap (H, W) float64: 1 sure person, 0 surely not, 0.5 in between. votes (H, W) float32 in
    [0, 1]: for the person, by colour. trust, in [0, 1]: how far the votes are to be believed.
    """

    trimap: np.ndarray
    votes: np.ndarray
    trust: float


def weigh(photo: np.ndarray, mask: np.ndarray, others: np.ndarray, radius: float) -> Evidence:
    """Sure person, surely not, or in between.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) float32 in [0, 1].
        others: (H, W) float32 in [0, 1], of everybody else.
        radius: half the width in pixels of the band round the mask's edge that is always unknown.
    """
    inside = mask > 0.5
    gone = (others > 0.5) & (others > mask)
    depth, distance = (far / np.float32(radius) for far in distances(inside))
    likely, trust = _judged(photo, inside, gone, depth, distance, radius)
    side = 2 * int(np.ceil(NEIGHBOURHOOD * radius / 2)) + 1
    odd = (inside & (likely < 0.5)).astype(np.float32)
    gaps = cv2.blur(odd, (side, side), borderType=cv2.BORDER_REFLECT) >= GAPS
    likely[(depth > INSIDE) & ~gaps] = 1
    within, without = (a + (b - a) * trust for a, b in (DOUBTED_INSIDE[:2], DOUBTED_OUTSIDE))
    reach = INSIDE + 1 + (DEEP - INSIDE - 1) * trust
    within = np.interp(depth, (INSIDE, reach), (within, DOUBTED_INSIDE[2] * trust))
    unknown = np.where(inside, likely < within, likely > without)
    if trust > 0.5:
        unknown |= inside & gaps & (likely < 1)
    wide = 1 + trust / 2
    unknown |= (depth <= wide) & (distance <= wide)
    unknown |= (mask > 1 - SURE) & (mask < SURE)
    unknown = cv2.dilate(unknown.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    unknown &= distance <= OUTSIDE
    trimap = np.where(unknown, UNKNOWN, inside.astype(np.float64))
    trimap[gone] = 0.0
    return Evidence(trimap, likely, trust)


def _judged(
    photo: np.ndarray,
    inside: np.ndarray,
    gone: np.ndarray,
    depth: np.ndarray,
    distance: np.ndarray,
    radius: float,
) -> tuple[np.ndarray, float]:
    """Votes for the person (H, W) float32, and how far to trust them."""
    scale = min(1.0, np.sqrt(EVIDENCE_PIXELS / inside.size))
    size = tuple(max(1, round(side * scale)) for side in inside.shape[::-1])

    def small(values: np.ndarray) -> np.ndarray:
        return cv2.resize(values, size, interpolation=cv2.INTER_NEAREST)

    body, left_out = (small(m.astype(np.uint8)) > 0 for m in (inside, gone))
    deep, far = small(depth), small(distance)
    picture = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    features = places_and_colours(picture, PLACE / np.sqrt(max(body.sum(), 1)))
    first = votes(features, far <= OUTSIDE, body & ~left_out, ~body & ~left_out)
    again = _again(features, first, np.where(body, first > FREED[0], first > FREED[1]), deep)
    again = _again(features, again, again > 0.5, deep, SETTLED)
    core = deep > CORE * float(deep.max())
    around = (far > 3) & (far < OUTSIDE) & ~left_out
    trust = ramp(radius, RESOLVED)
    trust *= ramp((again[core] > 0.5).mean() if core.any() else 0.0, AGREED_INSIDE)
    trust *= ramp((again[around] < 0.5).mean() if around.any() else 0.0, AGREED_OUTSIDE)
    trust = float(trust)
    settled = first + np.float32(trust) * (again - first)
    settled = defended(picture, body, left_out, settled, radius * scale)
    return cv2.resize(settled, inside.shape[::-1], interpolation=cv2.INTER_LINEAR), trust


def _again(
    features: np.ndarray,
    before: np.ndarray,
    person: np.ndarray,
    depth: np.ndarray,
    sure: tuple[float, float] = (0.2, 0.8),
) -> np.ndarray:
    """Votes by those samples alone whose own votes were sure; the undisputed are not asked."""
    asked = (before > 0) & ((before < 1) | (depth < OUTSIDE))
    clear = (before < sure[0]) | (before > sure[1])
    return np.where(asked, votes(features, asked, person & clear, ~person & clear), before)
