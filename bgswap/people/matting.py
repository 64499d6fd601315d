"""From a person's mask to a soft alpha: closed-form matting where the edge may lie.

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting", 2008, by pymatting,
with what each pixel's own colour says as a data term (Wang and Cohen, "Robust Matting", 2007), on
at most one megapixel; above that He and Sun's "Fast Guided Filter", 2015, carries the
alpha to the photo's own pixels.
"""

import cv2
import numpy as np

from bgswap.people.likeness import distances
from bgswap.people.mixing import mixtures
from bgswap.people.trimap import SURE, SURROUNDINGS, UNKNOWN, Evidence, weigh

# Closed form takes about 2 seconds a megapixel of band on two cores. What has to be scaled down for
# it may as well be smaller: on drawn subjects at 12 megapixels the errors are the same.
WORKING_PIXELS, SCALED_PIXELS = 1_000_000, 600_000
# Half the width of the band that is always unknown, as a share of the square root of the area.
# This and the trimap's widths were chosen on drawn subjects (benchmarks/edges.py) and held-out
# photos with masks by hand.
BAND = 0.015
NARROWEST, WIDEST = 1.0, 18.0
# Alphas this close to an end are that end: what is left there is the solver's noise.
SNAP = 0.03
# What weighs against the smoothness of alpha: a mixture of clear colours, a unanimous vote, and the
# mask at the depth of a few bands where colours agree with it. Of clear and pure ones:
MIXED, VOTED, MASKED = 1e-4, 0.06, 1e-4
PURE = (0.1, 0.95)
DEEPEST = 4.0
# What is fainter than this joins nothing to a person.
FAINT = 0.1
# Pieces of a mask this large, as a share of the largest one, are matted by themselves; so many.
APART, MOST = 0.1, 8
# Residual, as a share of the first one, at which the solver stops.
TOLERANCE = 1e-4
GUIDED_RADIUS = 3
GUIDED_EPSILON = 1e-4


def warm_up() -> None:
    """Import pymatting, which compiles for most of a minute the first time on a machine."""
    import pymatting  # noqa: F401


def matte(photo: np.ndarray, mask: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """The kept people's alpha.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) float32 in [0, 1], the refined masks of everyone kept.
        others: (H, W) float32 in [0, 1], of those who go; none of their pixels is kept.

    Returns:
        (H, W) float32 in [0, 1], multiples of 1/255; exactly 0 far outside the mask, exactly 1
        inside it unless the colours doubt it, as :mod:`bgswap.people.trimap` says.

    Raises:
        ValueError: the shapes do not fit.
    """
    if photo.shape[:2] != mask.shape or (others is not None and others.shape != mask.shape):
        raise ValueError(f"photo {photo.shape} and masks {mask.shape} differ in size")
    alpha = np.zeros_like(mask)
    pieces = _pieces(mask)
    count = pieces.max() + 1
    for piece in range(count):
        own, rest = np.where(pieces == piece, mask, 0), np.where(pieces == piece, 0, mask)
        radius = band_radius(own)
        window = _window(own, SURROUNDINGS * radius)
        if window is not None:
            near = rest if others is None else np.maximum(rest, others)
            found = _matte_piece(photo[window], own[window], near[window], radius, 1 / count)
            alpha[window] = np.maximum(alpha[window], found)
    # In the 256 levels that a file holds, so that opaque there is opaque here, to the pixel.
    return np.rint(alpha * 255) / np.float32(255)


def _pieces(mask: np.ndarray) -> np.ndarray:
    """Of each pixel of (H, W) the number, from 0, of the nearest part of a mask.

    People well apart from each other are parts: each is matted by themselves, as each has colours
    of their own. What is small belongs to the nearest.
    """
    body = (mask > 0.5).astype(np.uint8)
    reach = int(np.ceil(band_radius(mask)))
    wide = cv2.dilate(body, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    labels = cv2.connectedComponents(wide)[1] * body
    areas = np.bincount(labels.ravel())[1:]
    largest = np.argsort(-areas)[:MOST]
    large = np.isin(labels, largest[areas[largest] >= APART * areas.max(initial=0)] + 1)
    if not large.any():
        return np.zeros(mask.shape, np.int32)
    nearest = cv2.distanceTransformWithLabels(
        np.uint8(~large), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )[1]
    numbers = np.zeros(nearest.max() + 1, np.int32)
    numbers[nearest[large]] = np.unique(labels[large], return_inverse=True)[1]
    return numbers[nearest]


def _matte_piece(
    photo: np.ndarray, mask: np.ndarray, others: np.ndarray, radius: float, budget: float
) -> np.ndarray:
    """Alpha without what nothing joins to the mask: the ground has such colours, too."""
    alpha = _matte_crop(photo, mask, others, radius, budget)
    _, found = cv2.connectedComponents((alpha > FAINT).astype(np.uint8))
    theirs = np.unique(found[mask > 0.5])
    kept = np.isin(found, theirs[theirs > 0])
    stray = (found > 0) & ~kept
    if not stray.any() or not kept.any():
        return alpha
    return np.where(distances(stray)[1] < distances(kept)[1], 0, alpha)


def band_radius(mask: np.ndarray) -> float:
    """Half the width in pixels of the band round the mask's edge that is always unknown."""
    area = float(np.count_nonzero(mask > 0.5))
    megapixels = max(mask.size / WORKING_PIXELS, 1.0)
    return float(np.clip(BAND * np.sqrt(area), NARROWEST, WIDEST * np.sqrt(megapixels)))


def _window(mask: np.ndarray, margin: float) -> tuple[slice, slice] | None:
    x, y, width, height = cv2.boundingRect((mask > 1 - SURE).astype(np.uint8))
    if not width:
        return None
    margin = int(np.ceil(margin))
    rows = slice(max(y - margin, 0), min(y + height + margin, mask.shape[0]))
    return rows, slice(max(x - margin, 0), min(x + width + margin, mask.shape[1]))


def _matte_crop(
    photo: np.ndarray, mask: np.ndarray, others: np.ndarray, radius: float, budget: float
) -> np.ndarray:
    """Alpha, found on no more than that share of the pixels that a photo may cost."""
    if mask.size <= WORKING_PIXELS * budget:
        return _closed_form(photo, mask, others, radius)
    scale = np.sqrt(SCALED_PIXELS * budget / mask.size)
    size = (round(mask.shape[1] * scale), round(mask.shape[0] * scale))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    small_mask = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    small_others = cv2.resize(others, size, interpolation=cv2.INTER_AREA)
    alpha = _closed_form(small, small_mask, small_others, radius * scale)
    return _guided_upsampling(photo, small, alpha)


def _closed_form(
    photo: np.ndarray, mask: np.ndarray, others: np.ndarray, radius: float
) -> np.ndarray:
    found = weigh(photo, mask, others, radius)
    trimap = found.trimap
    known = {0.0, 1.0} <= set(np.unique(trimap))
    if not known or not (trimap == UNKNOWN).any():
        return (trimap > 0.5).astype(np.float32) if known else (trimap >= 0.5).astype(np.float32)
    guess, weight = _data_term(photo, mask > 0.5, found, radius)
    return _snapped(_smoothest(photo, trimap, guess, weight))


def _data_term(
    photo: np.ndarray, inside: np.ndarray, found: Evidence, radius: float
) -> tuple[np.ndarray, np.ndarray]:
    """What alpha (H, W) is by colours, votes and mask where the trimap does not know; weights."""
    trimap, votes = found.trimap, found.votes
    person, ground = (trimap == 1) & (votes > PURE[1]), (trimap == 0) & (votes < PURE[0])
    guess, weight = (np.zeros(trimap.shape, np.float32) for _ in range(2))
    if person.any() and ground.any():
        guess, weight = mixtures(photo, trimap == UNKNOWN, person, ground)
    weight *= MIXED * found.trust
    voted = VOTED * found.trust * (2 * votes - 1) ** 2
    away = np.maximum(*distances(inside)) / radius
    masked = MASKED * np.minimum(away, DEEPEST) ** 2 * np.where(inside, votes, 1 - votes)
    total = weight + voted + masked
    guess = (weight * guess + voted * votes + masked * inside) / np.maximum(total, 1e-12)
    return guess, total


def _smoothest(
    photo: np.ndarray, trimap: np.ndarray, guess: np.ndarray, weight: np.ndarray
) -> np.ndarray:
    """Alpha (H, W) float32 that is a local mixture of colours, near the guess as it weighs."""
    from pymatting import cf_laplacian, cg, jacobi
    from scipy import sparse

    alpha, known = trimap.ravel().copy(), trimap.ravel() != UNKNOWN
    rows = cf_laplacian(photo / 255.0, epsilon=1e-6, is_known=known).tocsr()[~known]
    trust = weight.ravel()[~known].astype(np.float64)
    wanted = trust * guess.ravel()[~known] - rows @ np.where(known, alpha, 0)
    matrix = (rows[:, ~known] + sparse.diags(trust)).tocsr()
    alpha[~known] = cg(matrix, wanted, M=jacobi(matrix), rtol=TOLERANCE, maxiter=1000)
    return alpha.reshape(trimap.shape).astype(np.float32)


def _snapped(alpha: np.ndarray) -> np.ndarray:
    return ((alpha - SNAP) / (1 - 2 * SNAP)).clip(0, 1)


def _guided_upsampling(photo: np.ndarray, small: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Carry ``alpha`` of the small photo to the full one, along the photo's own edges."""
    weights, offset = _local_linear(small.astype(np.float32) / 255, alpha)
    size = photo.shape[1::-1]
    soft = cv2.dilate(((alpha > 0) & (alpha < 1)).astype(np.uint8), np.ones((3, 3), np.uint8))
    band = cv2.resize(soft, size, interpolation=cv2.INTER_NEAREST) > 0
    full = (cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.float32)
    guess = cv2.resize(offset, size, interpolation=cv2.INTER_LINEAR)[band]
    for channel in range(3):
        plane = cv2.resize(weights[:, :, channel], size, interpolation=cv2.INTER_LINEAR)[band]
        guess += plane * (photo[:, :, channel][band] / np.float32(255))
    full[band] = _snapped(guess)
    return full


def _local_linear(guide: np.ndarray, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit alpha as a linear function of colour in every window (guided filter, colour guide)."""

    def mean(values: np.ndarray) -> np.ndarray:
        side = 2 * GUIDED_RADIUS + 1
        return cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)

    colour, level = mean(guide), mean(alpha)
    covariance = mean(guide * alpha[:, :, None]) - colour * level[:, :, None]
    pairs = guide[:, :, :, None] * guide[:, :, None, :]
    height, width = alpha.shape
    products = np.stack([mean(pairs[:, :, i]) for i in range(3)], axis=2)
    spread = products - colour[:, :, :, None] * colour[:, :, None, :]
    spread += GUIDED_EPSILON * np.eye(3, dtype=np.float32)
    weights = np.zeros((height, width, 3), np.float32)
    edge = (level > 0) & (level < 1)
    weights[edge] = np.linalg.solve(spread[edge], covariance[edge][:, :, None])[:, :, 0]
    offset = level - (weights * colour).sum(axis=2)
    return mean(weights), mean(offset)
