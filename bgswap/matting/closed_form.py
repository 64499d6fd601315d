"""Closed-form matting: the baseline that needs no weights.

Levin, Lischinski and Weiss, "A Closed-Form Solution to Natural Image Matting" (PAMI 2008), by
pymatting, in a band around the mask's edge; above one megapixel on a scaled-down photo, upsampled
by a guided filter.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.io.images import fit_within
from bgswap.mask_ops import resized
from bgswap.matting.upsampling import guided_upsampling
from bgswap.types import box_of


@dataclass(frozen=True)
class ClosedFormConfig:
    """The trimap's unknown band and the solver."""

    # Half the width of the unknown band, as a share of the root of the mask's area, and its minimum
    # and maximum in pixels; chosen on drawn subjects (benchmarks/edges.py).
    band: float = 0.015
    narrowest: float = 1.0
    widest: float = 18.0
    # Pixels beyond which the photo is scaled down for the solver.
    pixels: int = 1_000_000
    # Residual, as a share of the first one, at which the solver stops.
    tolerance: float = 1e-4
    # Alpha within this distance of 0 or 1 is set to 0 or 1: noise of the solver.
    snap: float = 0.03


class ClosedFormMatter:
    """Closed-form matting as a matter.

    Args:
        config: of the trimap and the solver.
    """

    def __init__(self, config: ClosedFormConfig | None = None) -> None:
        self.config = config or ClosedFormConfig()

    def matte(
        self, photo: np.ndarray, mask: np.ndarray, others: np.ndarray | None = None
    ) -> np.ndarray:
        """One person's alpha, (H, W) float32 in [0, 1], multiples of 1/255.

        Args:
            photo: (H, W, 3) uint8 RGB.
            mask: (H, W) float32 in [0, 1].
            others: (H, W) float32 in [0, 1], the union of all others' masks: their alpha is 0.

        Raises:
            ValueError: the shapes do not fit.
        """
        if photo.shape[:2] != mask.shape or (others is not None and others.shape != mask.shape):
            raise ValueError(f"photo {photo.shape} and masks {mask.shape} differ in size")
        alpha, box = np.zeros_like(mask), box_of(mask)
        if box is None:
            return alpha
        radius = self._radius(mask)
        reach, (x0, y0, x1, y1) = int(4 * radius) + 2, map(int, box)
        view = np.s_[max(y0 - reach, 0) : y1 + reach, max(x0 - reach, 0) : x1 + reach]
        rest = None if others is None else others[view]
        alpha[view] = self._solved(photo[view], mask[view], rest, radius)
        return np.rint(alpha * 255) / np.float32(255)

    def _radius(self, mask: np.ndarray) -> float:
        width = self.config.band * float(np.sqrt(np.count_nonzero(mask > 0.5)))
        return float(np.clip(width, self.config.narrowest, self.config.widest))

    def _solved(
        self, photo: np.ndarray, mask: np.ndarray, others: np.ndarray | None, radius: float
    ) -> np.ndarray:
        small = fit_within(photo, pixels=self.config.pixels)
        if small is not photo:
            size, scale = small.shape[:2], float(np.sqrt(small.size / photo.size))
            rest = None if others is None else resized(others, size)
            alpha = self._solved(small, resized(mask, size), rest, radius * scale)
            return guided_upsampling(photo, small, alpha)
        body = (mask > 0.5).astype(np.uint8)
        known = _depth(body) > radius, _depth(1 - body) > radius
        if others is not None:
            known = known[0] & (others < 0.5), known[1] | (others > 0.5)
        if not known[0].any() or (known[0] | known[1]).all():
            return body.astype(np.float32)
        return solved_trimap(photo, np.select(known, (1.0, 0.0), 0.5), self.config)


def solved_trimap(photo: np.ndarray, trimap: np.ndarray, config: ClosedFormConfig) -> np.ndarray:
    """The alpha of a trimap by closed-form matting.

    Args:
        photo: (H, W, 3) uint8 RGB.
        trimap: (H, W) float64: 0, 1, and in between what is unknown.

    Returns:
        (H, W) float32 in [0, 1]; the rounded trimap where 0, 1 or the unknown is missing in it.
    """
    known = (trimap == 0) | (trimap == 1)
    if known.all() or not (trimap == 0).any() or not (trimap == 1).any():
        return trimap.round().astype(np.float32)
    from pymatting import estimate_alpha_cf

    options = {"rtol": config.tolerance, "maxiter": 1000}
    alpha = estimate_alpha_cf(photo / 255.0, trimap, cg_kwargs=options)
    return ((alpha - config.snap) / (1 - 2 * config.snap)).clip(0, 1).astype(np.float32)


def closed_form_matter(device: str) -> ClosedFormMatter:
    """The matter that the setting BGSWAP_MATTING=closed_form names; it runs on the CPU alone."""
    return ClosedFormMatter()


def _depth(body: np.ndarray) -> np.ndarray:
    """Distance of each pixel to the outside of a mask (H, W) uint8 of 0 and 1, in pixels."""
    return cv2.distanceTransform(body, cv2.DIST_L2, 5)
