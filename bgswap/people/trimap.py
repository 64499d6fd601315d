"""Where a mask's edge may lie: near the mask's own edge, and wherever the photo's colours doubt it.

Colours are judged by the k nearest of samples from inside and from around the person, as in KNN
matting (Chen, Li and Tang, "KNN Matting", CVPR 2012): by colour and, a little, by place.
"""

import cv2
import numpy as np

# What a mask must say to be believed without the colours.
SURE = 0.9
# How far inside the mask, and outside, colours may overrule it, in widths of the band's half.
INSIDE, OUTSIDE = 4.0, 8.0
# What lies further out is surely background, and enough of it to know its colours.
SURROUNDINGS = 12.0
# Share of the person in a pixel's likeness that leaves it unsure: below inside, above outside.
DOUBTED_INSIDE, DOUBTED_OUTSIDE = 0.4, 0.6
# Colours are judged on about this many pixels, by so many samples, and so many of the nearest.
EVIDENCE_PIXELS = 300_000
SAMPLES, NEAREST = 3000, 3
# Colour distance (CIELAB of 8 bits) that is worth as much as one person's size in place.
PLACE = 5.0
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
    depth, distance = _distances(inside)
    unknown = (depth <= radius) & (distance <= radius)
    unknown |= (mask > 1 - SURE) & (mask < SURE)
    unknown |= _doubted(photo, inside, depth, distance, radius)
    trimap = np.where(unknown, UNKNOWN, inside.astype(np.float64))
    if others is not None:
        trimap[(others > 0.5) & (others > mask)] = 0.0
    return trimap


def _distances(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """To the nearest pixel outside, and to the nearest inside; 0 on the other side."""
    body = inside.astype(np.uint8)
    return tuple(cv2.distanceTransform(b, cv2.DIST_L2, 3) for b in (body, 1 - body))


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
    where = small(zone)
    if not (person.any() and ground.any() and where.any()):
        return np.zeros_like(inside)
    features = _features(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), person)
    share = np.zeros(where.shape, np.float32)
    share[where] = _likeness(features[where], features[person], features[ground])
    full = cv2.resize(share, inside.shape[::-1], interpolation=cv2.INTER_LINEAR)
    odd = zone & np.where(inside, full < DOUBTED_INSIDE, full > DOUBTED_OUTSIDE)
    return cv2.dilate(odd.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def _features(photo: np.ndarray, person: np.ndarray) -> np.ndarray:
    """(H, W, 5) float32: colour, and place in persons' sizes."""
    lab = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB).astype(np.float32)
    y, x = np.indices(person.shape, np.float32) * np.float32(PLACE / np.sqrt(person.sum()))
    return np.dstack([lab, x, y])


def _likeness(asked: np.ndarray, person: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """How much more like the person than like the ground, in [0, 1]; features are (N, 5)."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(0)
    far = []
    for known in (person, ground):
        few = known[rng.choice(len(known), min(SAMPLES, len(known)), replace=False)]
        count = min(NEAREST, len(few))
        distance, _ = cKDTree(few).query(asked, k=count, eps=0.5, workers=-1)
        far.append(distance.reshape(len(asked), count).mean(axis=1))
    return far[1] / np.maximum(far[0] + far[1], 1e-6)
