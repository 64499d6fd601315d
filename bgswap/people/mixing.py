"""How much of a pixel is the person, judged by which two colours could have mixed it.

Sampling, as in Wang and Cohen, "Optimized Color Sampling for Robust Matting", CVPR 2007: of pairs
of a sure person's and a sure ground's colour near a pixel, those count that explain it.
"""

import numpy as np

from bgswap.people.likeness import places_and_colours

# So many samples of each, and so many of the nearest: their pairs are tried.
SAMPLES, NEAREST = 3000, 5
# Distance in colour (CIELAB of 8 bits) that is worth as much as the side of a square of as many
# pixels as the picture has: neighbours share a light.
PLACE = 100.0
# Variance of a colour, all three channels: grain of sigma 4 in 255, and what JPEG adds.
NOISE = 48.0
# Squared distance of two colours that are just far enough apart to tell a mixture.
APART = 400.0
# Variance of alpha that even the clearest pixel has.
LEAST = 0.003
CHUNK = 20_000


def mixtures(
    photo: np.ndarray, asked: np.ndarray, person: np.ndarray, ground: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Alpha by colour alone, and how sure it is.

    Args:
        photo: (H, W, 3) uint8 RGB.
        asked: (H, W) bool, which pixels to judge.
        person, ground: (H, W) bool, surely the one or the other; neither may be empty.

    Returns:
        (H, W) float32 alpha in [0, 1] and (H, W) float32 weights: one over alpha's variance, times
        how well the best pair explains the pixel. Both are 0 where nothing was asked.
    """
    from scipy.spatial import cKDTree

    features = places_and_colours(photo, PLACE / np.sqrt(asked.size))
    rng = np.random.default_rng(0)
    sides = []
    for known in (person, ground):
        places = np.flatnonzero(known)
        few = rng.choice(places, min(SAMPLES, places.size), replace=False)
        count = min(NEAREST, few.size)
        tree = cKDTree(features.reshape(-1, 5)[few])
        _, nearest = tree.query(features[asked], k=count, eps=0.5, workers=-1)
        sides.append(photo.reshape(-1, 3)[few][nearest.reshape(-1, count)])
    colours = photo[asked]
    alpha, weight = (np.zeros(asked.shape, np.float32) for _ in range(2))
    parts = (slice(n, n + CHUNK) for n in range(0, len(colours), CHUNK))
    judged = [_mixed(colours[p], sides[0][p], sides[1][p]) for p in parts]
    alpha[asked], weight[asked] = (np.concatenate(each) for each in zip(*judged, strict=True))
    return alpha, weight


def _mixed(
    colours: np.ndarray, person: np.ndarray, ground: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Alpha and weight (N,) of colours (N, 3) between persons' (N, K, 3) and grounds' (N, L, 3)."""
    colours, person, ground = (c.astype(np.float32) for c in (colours, person, ground))
    across = person[:, :, None] - ground[:, None]
    along = (colours[:, None] - ground)[:, None]
    length = np.einsum("nklc,nklc->nkl", across, across) + np.float32(1e-3)
    dot = np.einsum("nklc,nklc->nkl", across, np.broadcast_to(along, across.shape))
    share = np.clip(dot / length, 0, 1)
    left = (along**2).sum(axis=3) - 2 * share * dot + share**2 * length
    fit = np.exp(-left / (2 * NOISE)) * length / (length + APART) + np.float32(1e-9)
    total = fit.sum(axis=(1, 2))
    alpha = (fit * share).sum(axis=(1, 2)) / total
    spread = (share - alpha[:, None, None]) ** 2 + NOISE / length
    variance = (fit * spread).sum(axis=(1, 2)) / total
    return alpha, fit.max(axis=(1, 2)) / (variance + LEAST)
