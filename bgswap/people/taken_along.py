"""Things that a rough mask took along and the next look then believed: a wheel behind a coat.

A network that is shown a mask tends to agree with it. Shown the mask's core alone, it has to say
anew how far the person goes; where it then denies a large piece outright, that piece is not theirs.
"""

import cv2
import numpy as np

from bgswap.people.likeness import distances

# How deep the core begins, as a share of the mask's deepest point: little that a rough mask took
# along lies so deep.
CORE = 0.7
# The look from the core denies what it gives less than this.
DENIED = 0.25
# Only a piece of this share of the mask goes, at least so deep as a share of the square root of
# the mask's area, and never more than the third number's share: the look is wrong then. With
# these figures held-out people's scores stay as they were; with lower ones, shoulders went.
LARGE, DEEP, MOST = 0.06, 0.1, 0.4
# Who goes on below this share of the photo's height stays whole: a face says little of shoulders.
FEET = 0.98


def core(mask: np.ndarray, depth: float = CORE) -> np.ndarray:
    """What of a mask (H, W) float32 lies deeper than this share of its deepest point, in [0, 1)."""
    # nothing is beyond the picture: what it cuts is no edge
    inside = cv2.copyMakeBorder(np.uint8(mask > 0.5), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depths = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return mask * (depths > depth * depths.max())


def without_denied(mask: np.ndarray, rough: np.ndarray, from_core: np.ndarray) -> np.ndarray:
    """The mask without large pieces that the look from the rough mask's core denies.

    Args:
        mask: (H, W) float32 in [0, 1].
        rough: (H, W) float32 in [0, 1], what it was drawn from: of a thing that this took along
            whole, the mask may hold bits alone.
        from_core: (H, W) float32 in [0, 1], the mask as it was drawn from the core alone.

    Returns:
        (H, W) float32; the mask itself where there is nothing to remove.
    """
    body = mask > 0.5
    area = np.count_nonzero(body)
    denied = ((body | (rough > 0.5)) & (from_core < DENIED)).astype(np.uint8)
    if np.count_nonzero(denied) < LARGE * area or not area or _goes_on_below(body):
        return mask
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(denied)
    depths = cv2.distanceTransform(denied, cv2.DIST_L2, 5)
    large = [
        piece
        for piece in range(1, count)
        if stats[piece, cv2.CC_STAT_AREA] >= LARGE * area
        and depths[pieces == piece].max() >= DEEP * np.sqrt(area)
    ]
    gone = np.isin(pieces, large)
    taken = np.count_nonzero(gone & body)
    if not taken or taken > MOST * area:
        return mask
    # with the soft edge that was theirs
    nearer = distances(gone)[1] < distances(body & ~gone)[1]
    return np.where(nearer, np.float32(0), mask)


def _goes_on_below(body: np.ndarray) -> bool:
    return bool(body[int(FEET * len(body)) :].any())
