"""Where a mask's edge may lie: near its own edge, and wherever the photo's colours doubt it."""

import cv2
import numpy as np

from bgswap.people.likeness import distances, likeness

# What a mask must say to be believed without the colours.
SURE = 0.9
# How far inside the mask, and outside, colours may overrule it, in widths of the band's half.
INSIDE, OUTSIDE = 4.0, 8.0
# What lies further out is surely background, and enough of it to know its colours.
SURROUNDINGS = 12.0
# Share of the person in a pixel's likeness that leaves it unsure: below inside, above outside.
DOUBTED_INSIDE, DOUBTED_OUTSIDE = 0.4, 0.6
# Colours are judged on about this many pixels.
EVIDENCE_PIXELS = 300_000
UNKNOWN = 0.5


def make_trimap(
    photo: np.ndarray, mask: np.ndarray, others: np.ndarray | None, radius: float
) -> np.ndarray:
    """Sure person, surely not, or in between.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) float32 in [0, 1].
        others: (H, W) float32 in [0, 1] of people who go, or None.
        radius: half the width in pixels of the band round the mask's edge that is always unknown.

    Returns:
        (H, W) float64 of 1, 0 and 0.5.
    """
    inside = mask > 0.5
    depth, distance = distances(inside)
    unknown = (depth <= radius) & (distance <= radius)
    unknown |= (mask > 1 - SURE) & (mask < SURE)
    unknown |= _doubted(photo, inside, depth, distance, radius)
    trimap = np.where(unknown, UNKNOWN, inside.astype(np.float64))
    if others is not None:
        trimap[(others > 0.5) & (others > mask)] = 0.0
    return trimap


def _doubted(
    photo: np.ndarray, inside: np.ndarray, depth: np.ndarray, distance: np.ndarray, radius: float
) -> np.ndarray:
    """(H, W) bool: near the edge, and of colours like those on its other side."""
    zone = (depth <= INSIDE * radius) & (distance <= OUTSIDE * radius)
    scale = min(1.0, np.sqrt(EVIDENCE_PIXELS / inside.size))
    size = tuple(max(1, round(side * scale)) for side in inside.shape[::-1])

    def small(values: np.ndarray) -> np.ndarray:
        return cv2.resize(values.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0

    person, ground = small(depth > INSIDE * radius), small(distance > OUTSIDE * radius)
    if not person.any():  # a thin one
        person = small(depth > radius)
    picture = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    share = likeness(picture, small(zone), person, ground)
    if not share.any():
        return np.zeros_like(inside)
    full = cv2.resize(share, inside.shape[::-1], interpolation=cv2.INTER_LINEAR)
    odd = zone & np.where(inside, full < DOUBTED_INSIDE, full > DOUBTED_OUTSIDE)
    return cv2.dilate(odd.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
