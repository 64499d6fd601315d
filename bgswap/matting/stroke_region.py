"""Segmentation of the pixels around a stroke that belong to it: random walker with a color prior.

Grady, "Multilabel Random Walker Image Segmentation Using Prior Models" (CVPR 2005). The photo is a
4-connected graph whose edge weights are small across image edges; the stroke is fixed at 1, pixels
beyond its reach at their alpha, and the prior of each pixel is the likelihood ratio of its color
under the stroke and in the background.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

# Rows and columns of one end of all graph edges of a direction.
View = tuple[slice, slice]


@dataclass(frozen=True)
class RegionConfig:
    """Weights of the random walker; chosen on drawn subjects and two photos, by eye and by IoU."""

    # How fast an edge weight falls with the squared color difference, in units of its mean.
    contrast: float = 1.0
    # Standard deviation in pixels of the blur of the photo, and a noise level added to the mean
    # difference: compression artifacts and grain are not edges.
    smooth: float = 1.0
    noise: float = 8.0
    # Minimum edge weight, so that the graph is connected.
    least_weight: float = 1e-3
    # Weight of the color prior where it is certain; a graph edge in a flat region has 1.
    color_weight: float = 0.03
    # Standard deviation in pixels of the blur of the prior: the prior of a single pixel is noisy.
    blur: float = 2.0
    # Weight of the earlier alpha at the end of the stroke's reach; grows with the distance.
    alpha_weight: float = 0.04
    # Bins of the color histograms per channel of Lab, and the deviation of their smoothing in bins.
    bins: int = 24
    smoothing: float = 1.0
    # Alpha from which a pixel counts as known.
    known: float = 0.98
    # Holes up to this share of the area within reach are filled.
    hole: float = 0.02
    # Residual, as a share of the first one, at which the solver stops.
    tolerance: float = 1e-4


def stroke_region(
    photo: np.ndarray,
    alpha: np.ndarray,
    stroke: np.ndarray,
    barrier: np.ndarray,
    near: np.ndarray,
    config: RegionConfig,
) -> np.ndarray:
    """The segmentation of the subject after a keep stroke.

    Args:
        photo: (h, w, 3) uint8 RGB.
        alpha: (h, w) float32 in [0, 1], before the stroke.
        stroke: (h, w) float32 in [0, 1]: certainly the subject.
        barrier: (h, w) float32 in [0, 1]: certainly not the subject.
        near: (h, w) float32, see :func:`bgswap.matting.corrections.stroke_distance`: pixels up to
            1 may change.

    Returns:
        (h, w) bool; outside the reach, alpha above one half.
    """
    inner, outer = stroke > 0.5, (barrier > 0.5) & (stroke <= 0.5)
    levels = np.where(alpha > 0.5, 1.0, 0.0)
    levels[inner], levels[outer] = 1, 0
    unknown = (near <= 1) & ~inner & ~outer & (alpha < config.known)
    if not unknown.any():
        return levels > 0.5
    prior = color_prior(photo, inner, (alpha <= 1 - config.known) & (near > 1) | outer, config)
    sides = cv2.GaussianBlur(2 * prior - 1, (0, 0), config.blur)
    color = config.color_weight * np.abs(sides)
    earlier = config.alpha_weight * near
    weight = color + earlier
    target = color * (sides > 0) + earlier * alpha
    levels[unknown] = _solve(photo, levels, unknown, weight, target, config)
    body = _attached(levels > 0.5, inner | (alpha > 0.5))
    return _filled(body, near <= 1, outer, config.hole)


def _attached(body: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The connected components of a segmentation that hold a seed."""
    count, pieces = cv2.connectedComponents(body.astype(np.uint8))
    held = np.zeros(count, bool)
    held[np.unique(pieces[seeds & body])] = True
    return held[pieces]


def _filled(body: np.ndarray, changes: np.ndarray, outer: np.ndarray, most: float) -> np.ndarray:
    """A segmentation with small holes filled, where they lie wholly within reach."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(
        (~body).astype(np.uint8), connectivity=4
    )
    small = stats[:, cv2.CC_STAT_AREA] <= most * np.count_nonzero(changes)
    small[0] = False
    small[np.unique(pieces[~changes | outer])] = False
    return body | small[pieces] if count > 1 else body


def color_prior(
    photo: np.ndarray, inner: np.ndarray, outer: np.ndarray, config: RegionConfig
) -> np.ndarray:
    """The probability of each pixel to belong to ``inner``, from color histograms.

    One half where ``inner`` or ``outer`` is empty.

    Args:
        photo: (h, w, 3) uint8 RGB.
        inner, outer: (h, w) bool, samples of subject and background.

    Returns:
        (h, w) float32 in [0, 1].
    """
    from scipy import ndimage

    lab = cv2.cvtColor(photo.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    # L in [0, 100], a and b mostly in [-60, 60].
    scaled = (lab - np.array((0, -60, -60), np.float32)) / np.array((100, 120, 120), np.float32)
    places = (scaled * config.bins).clip(0, config.bins - 1).astype(np.intp)
    flat = np.ravel_multi_index(tuple(np.moveaxis(places, 2, 0)), (config.bins,) * 3)
    if not outer.any() or not inner.any():
        return np.full(inner.shape, 0.5, np.float32)

    def density(samples: np.ndarray, weights: np.ndarray) -> np.ndarray:
        counts = np.bincount(flat[samples], weights[samples], config.bins**3)
        cube = counts.reshape((config.bins,) * 3)
        smooth = ndimage.gaussian_filter(cube, config.smoothing, mode="nearest").ravel()
        return smooth / smooth.sum()

    # A stroke may cross an edge at its border: its middle has a higher weight.
    depth = cv2.distanceTransform(inner.astype(np.uint8), cv2.DIST_L2, 5)
    one, other = density(inner, depth), density(outer, np.ones_like(depth))
    # Additive smoothing by a thousandth of the maximum: one half for a color in neither histogram.
    floor = 1e-3 * one.max()
    return ((one + floor) / (one + other + 2 * floor)).astype(np.float32)[flat]


def _solve(
    photo: np.ndarray,
    levels: np.ndarray,
    unknown: np.ndarray,
    weight: np.ndarray,
    target: np.ndarray,
    config: RegionConfig,
) -> np.ndarray:
    """The levels of the unknown pixels, in the order of ``levels[unknown]``."""
    from pymatting import cg, ichol
    from scipy import sparse

    index = np.cumsum(unknown.ravel()).reshape(unknown.shape) - 1
    count = int(index[-1, -1]) + 1
    diagonal, right = weight[unknown].astype(np.float64), target[unknown].astype(np.float64)
    pairs, weights = [], []
    for first, second, edges in _edge_weights(photo, unknown, config):
        for own, theirs in ((first, second), (second, first)):
            free = unknown[own]
            numbers = index[own][free]
            diagonal += np.bincount(numbers, edges[free], count)
            fixed = ~unknown[theirs][free]
            pulled = edges[free][fixed] * levels[theirs][free][fixed]
            right += np.bincount(numbers[fixed], pulled, count)
        both = unknown[first] & unknown[second]
        pairs.append((index[first][both], index[second][both]))
        weights.append(edges[both])
    rows, columns = (np.concatenate(side) for side in zip(*pairs, strict=True))
    upper = sparse.coo_matrix((-np.concatenate(weights), (rows, columns)), (count, count))
    matrix = (upper + upper.T + sparse.diags(diagonal)).tocsc()
    return cg(matrix, right, M=ichol(matrix), rtol=config.tolerance, maxiter=1000)


def _edge_weights(
    photo: np.ndarray, unknown: np.ndarray, config: RegionConfig
) -> Iterator[tuple[View, View, np.ndarray]]:
    """Views of both ends of all horizontal, then all vertical graph edges, and their weights."""
    values = cv2.GaussianBlur(photo.astype(np.float32), (0, 0), config.smooth)
    views = [(np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1, :], np.s_[1:, :])]
    squares = [((values[a] - values[b]) ** 2).sum(axis=2) for a, b in views]
    touched = [unknown[a] | unknown[b] for a, b in views]
    mean = (
        np.concatenate([s[t] for s, t in zip(squares, touched, strict=True)]).mean()
        + config.noise**2
    )
    for (first, second), square in zip(views, squares, strict=True):
        yield first, second, np.exp(-config.contrast * square / mean) + config.least_weight
