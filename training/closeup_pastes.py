"""People of close-ups put before other photos, things put beside them, things taken along.

Copy-Paste (Ghiasi et al., CVPR 2021) on what the person U-Net learns from. Scenes are stored
small, so composites have soft backgrounds: without this the network would take whatever is sharp
for a person, and dark things beside somebody for a bag of theirs.
"""

import cv2
import numpy as np

from training.closeups import STORED
from training.cutouts import resized
from training.masks import put_spot
from training.photometric import cut_edge, tinted

# How often what is behind or beside a person is brought near their colours.
ALIKE = 0.4
# How near: 1 is the same mean colour.
HOW_ALIKE = (0.3, 0.9)
# How often the rough mask takes along what a candidate behind the person held.
TAKES_CANDIDATE = 0.4
# How often it takes along the thing that was put beside them; else the others' mask has it.
TAKES_THING = 0.6
# The height of such a thing, as a share of the person's.
HEIGHT = (0.12, 0.5)
# How far a rough mask reaches into something, as a share of the close-up's height.
REACH = (0.06, 0.3)
# Neighbouring pixels of one thing differ by at most so many levels.
LEVELS = (3, 14)
# A rough mask ends near its box: by this share of the box's sides it may be wider afterwards.
WIDER = 0.2


def set_before(closeup: np.ndarray, behind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The person of a close-up before what another one shows, whose candidate is now another.

    Args:
        closeup, behind: (240, 160, 6) uint8.
        rng: where chance comes from.

    Returns:
        (240, 160, 6) uint8; ``closeup`` itself where either shows hardly anything of a photo.
    """
    here, there = _seen(closeup), _seen(behind, trimmed=2)
    part, back = closeup[here], behind[there]
    if min(*part.shape[:2], *back.shape[:2]) < 16:
        return closeup
    size = np.array(back.shape[:2])
    kept = np.int64(size * rng.uniform(0.5, 1, 2))
    top, left = rng.integers(size - kept + 1)
    back = back[top : top + kept[0], left : left + kept[1]][:, :: rng.choice([-1, 1])]
    scene, candidates = (
        resized(layers, *part.shape[:2]) for layers in (back[:, :, :3], back[:, :, 3:5].max(axis=2))
    )
    alpha = cut_edge(np.ascontiguousarray(part[:, :, 5]), rng)
    share = alpha[..., None] / 255
    lit = tinted(part[:, :, :3], rng)
    scene = _like(scene.astype(np.float64), np.ones_like(share), _mean_colour(lit, share), rng)
    made = closeup.copy()
    made[here][:, :, :3] = np.clip(lit * share + scene * (1 - share) + 0.5, 0, 255)
    # where the candidate is wrong about the person, so are the others: no true edge may show
    made[here][:, :, 4] = candidates * (part[:, :, 3] < 128)
    made[here][:, :, 5] = alpha
    if rng.random() < TAKES_CANDIDATE:
        held = np.zeros(STORED, np.uint8)
        held[here] = candidates
        made[:, :, 3] = _taken_along(made, held * _spot(_beside(_body(made), rng), rng))
    return made


def put_beside(closeup: np.ndarray, thing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A close-up with a thing behind the edge of whom it shows, which one of the rough masks has.

    Args:
        closeup: (240, 160, 6) uint8.
        thing: (H, W, 4) uint8, RGB and alpha.
        rng: where chance comes from.

    Returns:
        (240, 160, 6) uint8; ``closeup`` itself where it shows no candidate.
    """
    body = _body(closeup)
    at = _beside(body, rng)
    if at is None:
        return closeup
    theirs = closeup[:, :, 5, None] / 255
    tall = rng.uniform(*HEIGHT) * (np.ptp(np.flatnonzero(body.any(axis=1))) + 1)
    high, wide = (max(int(side * tall / len(thing)), 3) for side in thing.shape[:2])
    thing = resized(thing, high, wide)
    person = _mean_colour(closeup[:, :, :3], body[..., None])
    lit = _like(thing[:, :, :3].astype(np.float64), thing[:, :, 3:] / 255, person, rng)
    moved = np.array([[1.0, 0, at[0] - wide // 2], [0, 1, at[1] - high // 2]])
    put = cv2.warpAffine(np.dstack([lit, thing[:, :, 3]]), moved, STORED[::-1])
    seen, shown = _seen(closeup), np.zeros(STORED, np.uint8)
    shown[seen] = put[seen][:, :, 3]
    share = shown[..., None] / 255 * (1 - theirs)
    made = closeup.copy()
    lit = np.clip(put[:, :, :3], 0, 255)
    made[:, :, :3] = np.clip(lit * share + closeup[:, :, :3] * (1 - share) + 0.5, 0, 255)
    if rng.random() < TAKES_THING:
        made[:, :, 3] = _taken_along(made, shown)
    else:
        made[:, :, 4] = np.maximum(closeup[:, :, 4], shown * (closeup[:, :, 3] < 128))
    return made


def leaked(closeup: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A close-up whose rough mask also holds a thing by the person, up to that thing's edges.

    Args:
        closeup: (240, 160, 6) uint8; itself where it shows no candidate.
        rng: where chance comes from.
    """
    at = _beside(_body(closeup), rng)
    if at is None:
        return closeup
    area = np.zeros((STORED[0] + 2, STORED[1] + 2), np.uint8)
    levels = (float(rng.uniform(*LEVELS)),) * 3
    image = cv2.blur(np.ascontiguousarray(closeup[:, :, :3]), (3, 3))
    cv2.floodFill(image, area, at, 0, levels, levels, 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8))
    held = cv2.morphologyEx(area[1:-1, 1:-1], cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    seen = np.zeros(STORED, np.uint8)
    seen[_seen(closeup)] = 255
    made = closeup.copy()
    made[:, :, 3] = _taken_along(made, _spot(at, rng) * held * seen)
    return made


def candidate_of(closeup: np.ndarray) -> np.ndarray | None:
    """A close-up's candidate cut out by its rough mask: (H, W, 4) uint8; None where it is tiny."""
    seen = closeup[_seen(closeup, trimmed=2)][:, :, :4]
    part = seen[_box(seen[:, :, 3] > 127)]
    return np.ascontiguousarray(part) if min(part.shape[:2]) >= 8 else None


def _body(closeup: np.ndarray) -> np.ndarray:
    """(240, 160) uint8, 1 on the person; where nobody is, on the candidate."""
    true, rough = closeup[:, :, 5] > 127, closeup[:, :, 3] > 127
    return np.uint8(true if true.any() else rough)


def _beside(body: np.ndarray, rng: np.random.Generator) -> tuple[int, int] | None:
    """A point (x, y) a few pixels outside a mask (H, W); None where there is none."""
    edges = np.argwhere(cv2.dilate(body, np.ones((9, 9), np.uint8)) - body)
    return tuple(int(v) for v in edges[rng.integers(len(edges))][::-1]) if len(edges) else None


def _spot(at: tuple[int, int] | None, rng: np.random.Generator) -> np.ndarray:
    """(240, 160) uint8, 1 in an irregular spot at a point (x, y); all 0 without one."""
    spot = np.zeros(STORED, np.uint8)
    if at is not None:
        put_spot(spot, at, STORED[0] * rng.uniform(*REACH), 1, rng)
    return spot


def _taken_along(closeup: np.ndarray, more: np.ndarray) -> np.ndarray:
    """A close-up's rough mask (240, 160) uint8 with more, as far as its box can have reached."""
    rough, box = closeup[:, :, 3], np.zeros(STORED, bool)
    rows, columns = (
        slice(max(side.start - int(reach), 0), side.stop + int(reach))
        for side in _box(rough > 127)
        for reach in [WIDER * (side.stop - side.start)]
    )
    box[rows, columns] = True
    return np.maximum(rough, more * box)


def _mean_colour(image: np.ndarray, share: np.ndarray) -> np.ndarray:
    """(3,) of an image (H, W, 3) where it counts, (H, W, 1)."""
    return (image * share).sum((0, 1)) / max(share.sum(), 1)


def _like(
    scene: np.ndarray, share: np.ndarray, colour: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A scene (H, W, 3) float64, seen by ``share``, sometimes brought near a colour (3,)."""
    if rng.random() >= ALIKE:
        return scene
    return scene + rng.uniform(*HOW_ALIKE) * (colour - _mean_colour(scene, share))


def _seen(closeup: np.ndarray, trimmed: int = 0) -> tuple[slice, slice]:
    """Rows and columns of a close-up inside its photo, less so many lines on each side."""
    rows, columns = _box((closeup[:, :, :3] != 128).any(axis=2))
    return tuple(
        slice(side.start + trimmed, max(side.stop - trimmed, side.start + trimmed))
        for side in (rows, columns)
    )


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of what a mask (H, W) holds."""
    x, y, width, height = cv2.boundingRect(np.uint8(mask))
    return slice(y, y + height), slice(x, x + width)
