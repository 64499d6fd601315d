"""How stored close-ups are varied each time that the person U-Net is shown one.

They are moved, lit and damaged as cameras do, their rough masks made rougher; some are cut by a
photo's border, and of some the person is put before another photo's people and things, as in
Copy-Paste (Ghiasi et al., CVPR 2021). Scenes are stored small, so composites have soft
backgrounds; without that the network would take whatever is sharp for a person.
"""

import cv2
import numpy as np
from torch import Tensor

from bgswap.tensors import closeups_to_tensor, masks_to_tensor
from training.closeups import GROWN, STORED, THEIRS
from training.masks import put_spot
from training.photometric import camera, cut_edge, tinted

# So often a close-up is cut by the photo's border; what is left has this share of its window's
# width, as the windows of narrow boxes give it.
AT_BORDER, SHARE_OF_WINDOW = 0.2, (0.4, 0.65)
# So often what is behind or beside a person is brought near their colours, and so near.
ALIKE, HOW_ALIKE = 0.4, (0.3, 0.9)
# So often a rough mask takes along what another one has of what is behind, ...
TAKES_ALONG = 0.4
# ... the whole of a thing beside the person, as high as this share of them, ...
BESIDE, HOW_HIGH = 0.6, (0.12, 0.5)
# ... and an area of one colour that touches the person: of at most this reach, as a share of the
# crop's height, and with neighbouring pixels that differ by at most so many grey levels.
LEAKS, LEAK_REACH, LEAK_LEVELS = 0.4, (0.06, 0.3), (3, 14)


def varied(
    closeup: np.ndarray, size: tuple[int, int], rng: np.random.Generator | None
) -> tuple[Tensor, Tensor]:
    """A close-up as the network is shown it, moved, lit and damaged by chance.

    Args:
        closeup: (240, 160, 6) uint8.
        size: (height, width) of the crop.
        rng: where chance comes from; None leaves everything as it was found.

    Returns:
        The crop (5, height, width), as :class:`bgswap.networks.PersonUNet` takes it, and the true
        mask (1, height, width).
    """
    matrix = _movement(size, rng)
    if rng is not None and rng.random() < AT_BORDER:
        closeup, stretched = cut_by_border(closeup, rng)
        matrix = matrix @ stretched
    image, masks = (np.ascontiguousarray(part) for part in np.split(closeup, [3], axis=2))
    way = cv2.INTER_LINEAR
    image = cv2.warpAffine(image, matrix, size[::-1], flags=way, borderValue=(128,) * 3)
    masks = cv2.warpAffine(masks, matrix, size[::-1], flags=way).astype(np.float32) / 255
    rough, others, true = (masks[:, :, i] for i in range(3))
    if rng is not None:
        image = camera(image, rng) if rng.random() < 0.6 else image
        rough = _doubtful(np.ascontiguousarray(rough), true, rng)
        rough = leaked(rough, true, image, rng) if rng.random() < LEAKS else rough
        others = others * (rng.random() < 0.85)
    return closeups_to_tensor([image], [rough], [others])[0], masks_to_tensor([true])[0]


def cut_by_border(closeup: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A close-up of which the photo's left or right border leaves only a part.

    Returns:
        The close-up (240, 160, 6), and the (3, 3) map that shows what is left as a window of its
        own would. Where too little of the person would be left, both leave all as it was.
    """
    columns = np.flatnonzero((closeup[:, :, 3] > 127).any(axis=0))
    if columns.size < 8:
        return closeup, np.eye(3)
    first, last = int(columns[0]), int(columns[-1]) + 1
    border = first + round(rng.uniform(0.3, 0.8) * (last - first))
    beyond, shown = (slice(border, None), (first, border))
    if rng.random() < 0.5:
        beyond, shown = (slice(0, border), (border, last))
    part = closeup.copy()
    part[:, beyond, :3], part[:, beyond, 3:] = 128, 0
    rough, true = part[:, :, 3] > 127, part[:, :, 5] > 127
    if closeup[:, :, 5].any() and (rough & true).sum() < THEIRS * rough.sum():
        return closeup, np.eye(3)
    stretch = rng.uniform(*SHARE_OF_WINDOW) * STORED[1] / GROWN / (shown[1] - shown[0])
    stretched = np.diag([stretch, 1.0, 1.0])
    stretched[0, 2] = STORED[1] / 2 - stretch * sum(shown) / 2
    return part, stretched


def set_before(closeup: np.ndarray, behind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The person of a close-up before what another one shows, whose candidate is now another.

    Args:
        closeup, behind: (240, 160, 6) uint8.
        rng: where chance comes from.

    Returns:
        (240, 160, 6) uint8; ``closeup`` itself where either shows hardly anything of a photo.
    """
    here, there = _seen(closeup), _seen(behind)
    part, back = closeup[here], behind[there]
    if min(*part.shape[:2], *back.shape[:2]) < 16:
        return closeup
    size = np.array(back.shape[:2])
    kept = np.int64(size * rng.uniform(0.5, 1, 2))
    top, left = rng.integers(size - kept + 1)
    back = back[top : top + kept[0], left : left + kept[1]][:, :: rng.choice([-1, 1])]
    back = cv2.resize(np.ascontiguousarray(back), part.shape[1::-1])
    share = cut_edge(np.ascontiguousarray(part[:, :, 5]), rng)[..., None] / 255
    lit, scene = tinted(part[:, :, :3], rng), back[:, :, :3].astype(np.float64)
    scene = _like(scene, lit, share, rng)
    made = closeup.copy()
    made[here][:, :, :3] = np.clip(lit * share + scene * (1 - share) + 0.5, 0, 255)
    # where the candidate is wrong about the person, so are the others: no true edge may show
    candidates = back[:, :, 3:5].max(axis=2)
    made[here][:, :, 4] = candidates * (part[:, :, 3] < 128)
    if rng.random() < TAKES_ALONG:
        spot = np.zeros(candidates.shape, np.uint8)
        centre = int(rng.integers(spot.shape[1])), int(rng.integers(spot.shape[0]))
        put_spot(spot, centre, len(spot) * rng.uniform(*LEAK_REACH), 1, rng)
        made[here][:, :, 3] = np.maximum(part[:, :, 3], spot * candidates)
    return made


def put_beside(closeup: np.ndarray, thing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A close-up with another one's candidate, cut out, behind the person's edge.

    Args:
        closeup, thing: (240, 160, 6) uint8.
        rng: where chance comes from.

    Returns:
        (240, 160, 6) uint8; ``closeup`` itself where no person or no thing is seen.
    """
    body, shape = closeup[:, :, 5] > 127, thing[_seen(thing)]
    part, tall = shape[_box(shape[:, :, 3] > 127)], np.flatnonzero(body.any(axis=1))
    edges = np.argwhere(cv2.dilate(np.uint8(body), np.ones((9, 9), np.uint8)) - body)
    if min(part.shape[:2]) < 8 or not len(edges):
        return closeup
    scale = rng.uniform(*HOW_HIGH) * np.ptp(tall) / len(part)
    moved = np.diag([scale, scale, 1.0])[:2]
    moved[:, 2] = edges[rng.integers(len(edges))][::-1] - scale * np.array(part.shape[1::-1]) / 2
    put = cv2.warpAffine(np.ascontiguousarray(part[:, :, :4]), moved, (STORED[1], STORED[0]))
    inside = np.zeros(STORED, bool)
    inside[_seen(closeup)] = True
    shown = put[:, :, 3] * inside
    theirs = closeup[:, :, 5, None] / 255
    share = shown[..., None] / 255 * (1 - theirs)
    lit = _like(put[:, :, :3].astype(np.float64), closeup[:, :, :3], theirs, rng)
    made = closeup.copy()
    made[:, :, :3] = np.clip(lit * share + closeup[:, :, :3] * (1 - share) + 0.5, 0, 255)
    if rng.random() < BESIDE:
        made[:, :, 3] = np.maximum(closeup[:, :, 3], shown)
    else:
        made[:, :, 4] = np.maximum(closeup[:, :, 4], shown * (closeup[:, :, 3] < 128))
    return made


def _like(
    scene: np.ndarray, person: np.ndarray, share: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A scene (H, W, 3) float64, sometimes brought near the colours of a person with this alpha."""
    if rng.random() >= ALIKE or share.sum() < 1:
        return scene
    mean = (person * share).sum((0, 1)) / share.sum()
    return scene + rng.uniform(*HOW_ALIKE) * (mean - scene.mean((0, 1)))


def _seen(closeup: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a close-up that lie inside its photo."""
    inside = (closeup[:, :, :3] != 128).any(axis=2)
    rows, columns = _box(inside)
    return slice(rows.start + 1, rows.stop - 1), slice(columns.start + 1, columns.stop - 1)


def _box(mask: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of what a mask (H, W) holds; of nothing, none."""
    lines = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return tuple(slice(line[0], line[-1] + 1) if line.size else slice(1, 1) for line in lines)


def leaked(
    rough: np.ndarray, true: np.ndarray, image: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A rough mask that also holds a thing which touches the person, up to that thing's edges.

    Args:
        rough, true: (H, W) float32 in [0, 1].
        image: (H, W, 3) uint8 RGB.
        rng: where chance comes from.
    """
    body = np.uint8(true > 0.5)
    ring = cv2.dilate(body, np.ones((15, 15), np.uint8)) - cv2.dilate(body, np.ones((5, 5)))
    rows, columns = np.nonzero(ring)
    if not rows.size:
        return rough
    at = rng.integers(rows.size)
    seed = int(columns[at]), int(rows[at])
    area = np.zeros((len(rough) + 2, rough.shape[1] + 2), np.uint8)
    levels = (float(rng.uniform(*LEAK_LEVELS)),) * 3
    way = 4 | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
    cv2.floodFill(cv2.blur(image, (3, 3)), area, seed, 0, levels, levels, way)
    spot = np.zeros(rough.shape, np.float32)
    put_spot(spot, seed, len(rough) * rng.uniform(*LEAK_REACH), 1.0, rng)
    held = cv2.morphologyEx(area[1:-1, 1:-1], cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    thing = cv2.GaussianBlur(spot * held, (0, 0), rng.uniform(0.6, 2.5))
    return np.maximum(rough, thing).clip(0, 1)


def _movement(size: tuple[int, int], rng: np.random.Generator | None) -> np.ndarray:
    """(2, 3) affine map from a stored close-up to a crop."""
    scale = size[0] * GROWN / STORED[0], size[1] * GROWN / STORED[1]
    linear, shift = np.diag([scale[1], scale[0]]), np.zeros(2)
    if rng is not None:
        linear = linear @ np.diag(np.exp(rng.normal(0, 0.13) + rng.normal(0, 0.05, 2)))
        turn = np.deg2rad(rng.normal(0, 6))
        linear = linear @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        if rng.random() < 0.5:
            linear[:, 0] *= -1
        shift = rng.normal(0, 0.03, 2) * size[::-1]
    middle = np.array([STORED[1] - 1, STORED[0] - 1]) / 2
    target = np.array([size[1] - 1, size[0] - 1]) / 2 + shift
    return np.column_stack([linear, target - linear @ middle])


def _doubtful(rough: np.ndarray, true: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A rough mask (H, W) float32 made rougher, or nearly the true one, as on a second look."""
    if rng.random() < 0.15:
        rough = cv2.GaussianBlur(true, (0, 0), rng.uniform(0.5, 2.5))
    chance, reach = rng.random(), 2 * int(rng.integers(1, 5)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    if chance < 0.15:
        rough = cv2.erode(rough, disc)
    elif chance < 0.3:
        rough = cv2.dilate(rough, disc)
    side = max(rough.shape)
    for value, often, largest in ((0.0, 0.8, 0.09), (1.0, 0.5, 0.13)):
        for _ in range(rng.poisson(often)):
            centre = int(rng.integers(rough.shape[1])), int(rng.integers(rough.shape[0]))
            put_spot(rough, centre, side * rng.uniform(0.02, largest), value, rng)
    if rng.random() < 0.25:  # the box ended too early
        rows = np.flatnonzero((rough > 0.5).any(axis=1))
        if rows.size:
            lost = round(rng.uniform(0.02, 0.18) * (rows[-1] - rows[0]))
            rough[rows[-1] - lost if rng.random() < 0.7 else len(rough) :] = 0
            rough[: rows[0] + lost if rng.random() < 0.3 else 0] = 0
    if rng.random() < 0.4:
        rough = cv2.GaussianBlur(rough, (0, 0), rng.uniform(0.5, 4))
    return rough.clip(0, 1)
