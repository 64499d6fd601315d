"""Masks of the training packs, from hand-made masks, a teacher's alphas and polygons."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np

# Half width of the band around a hand-made mask's edge in which the teacher's alpha is used, as a
# share of the diagonal.
EDGE_BAND = 0.012
# Minimum IoU of a teacher's alpha with a hand-made mask for it to be used.
AGREEMENT = 0.93
HASH_BITS = 6


def grey_grid(image: np.ndarray) -> np.ndarray:
    """An image (H, W, 3) uint8 downscaled to 9 x 8 grey pixels, (8, 9) int16, for comparison."""
    from PIL import Image

    small = Image.fromarray(image).convert("L").resize((9, 8), Image.Resampling.BILINEAR)
    return np.asarray(small).astype(np.int16)


def hash_words(grid: np.ndarray) -> list[str]:
    """Difference hashes of a grey grid (8, 9), as hexadecimal: brighter to the right, darker."""
    bits = grid[:, 1:] > grid[:, :-1], grid[:, 1:] < grid[:, :-1]
    return [np.packbits(each.reshape(64)).tobytes().hex() for each in bits]


def read_hashes(words: Iterable[str]) -> np.ndarray:
    """Hexadecimal hashes as (N, 64) bool."""
    data = [bytes.fromhex(word.strip()) for word in words if word.strip()]
    return np.unpackbits(np.frombuffer(b"".join(data), np.uint8)).reshape(-1, 64).astype(bool)


def near_hash(words: Iterable[str], known: np.ndarray, bits: int = HASH_BITS) -> bool:
    """Whether one of a picture's hashes is within some bits of one of ``known`` (N, 64) bool.

    Both hashes are compared, because lists of hashes do not tell the direction.
    """
    return any((known != one).sum(1).min(initial=64) <= bits for one in read_hashes(words))


def agreement(one: np.ndarray, other: np.ndarray) -> float:
    """IoU of two masks (H, W) uint8 with threshold 127."""
    a, b = one > 127, other > 127
    return float((a & b).sum() / max((a | b).sum(), 1))


def sound(alpha: np.ndarray) -> bool:
    """Whether an alpha (H, W) uint8 is plausible for one person: size, softness, components."""
    body = alpha > 127
    soft = ((alpha > 50) & (alpha < 205)).mean()
    return bool(0.04 < body.mean() < 0.6 and soft <= 0.04 and one_piece(alpha, 0.92))


def one_piece(alpha: np.ndarray, share: float) -> bool:
    """Whether more than ``share`` of a mask (H, W) uint8 is one connected component."""
    body = (alpha > 127).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(body)
    return count > 1 and bool(stats[1:, cv2.CC_STAT_AREA].max() > share * body.sum())


def fused(hand: np.ndarray | None, teacher: np.ndarray | None, checked: bool) -> np.ndarray | None:
    """The combined alpha of a hand-made mask and a teacher's alpha, or None if neither is usable.

    The hand-made mask is used except in a band around its edge, where the teacher's alpha is used
    unless the two differ by more than the band nearby.

    Args:
        hand: (H, W) uint8, or None.
        teacher: (H, W) uint8, or None.
        checked: the teacher's alpha has been verified.
    """
    if teacher is not None and not checked:
        agrees = hand is None or agreement(hand, teacher) > AGREEMENT
        teacher = teacher if agrees and sound(teacher) else None
    if hand is None:
        return teacher
    soft = cv2.GaussianBlur(np.where(hand > 127, 255, 0).astype(np.uint8), (0, 0), 1.0)
    return soft if teacher is None else _edge_from(teacher, hand > 127, soft)


def _edge_from(teacher: np.ndarray, hand: np.ndarray, soft: np.ndarray) -> np.ndarray:
    radius = max(round(EDGE_BAND * float(np.hypot(*hand.shape))), 2)
    inside, near = _grown(~hand, radius) == 0, _grown(hand, radius) > 0
    differs = (inside & (teacher < 64)) | (~near & (teacher > 191))
    doubted = cv2.GaussianBlur(_grown(differs, 3 * radius) * 255, (0, 0), radius / 2) / 255.0
    mixed = teacher * (1 - doubted) + soft * doubted
    mixed[inside], mixed[~near] = 255, 0
    return mixed.round().astype(np.uint8)


def _grown(mask: np.ndarray, radius: int) -> np.ndarray:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return cv2.dilate(mask.astype(np.uint8), disc)


def polygon_mask(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> np.ndarray:
    """A mask (H, W) uint8, 255 inside, of polygons given as x, y, x, y, ... in pixels.

    Args:
        polygons: the parts of one object.
        size: height and width.
    """
    mask = np.zeros(size, np.uint8)
    for polygon in polygons:
        corners = (np.asarray(polygon, np.float64).reshape(-1, 2) - 0.5) * 16
        cv2.fillPoly(mask, [corners.round().astype(np.int32)], 255, shift=4)
    return mask


def mask_box(alpha: np.ndarray) -> tuple[int, int, int, int] | None:
    """The box x0, y0, x1, y1 in pixels of a mask (H, W) uint8 with threshold 127, or None."""
    ys, xs = np.nonzero((alpha > 127).any(1))[0], np.nonzero((alpha > 127).any(0))[0]
    if not len(ys):
        return None
    return int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1
