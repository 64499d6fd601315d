"""Painted strokes applied to an alpha: fixed under the stroke, snapped to edges around it.

Around each stroke the pixels that belong to it are segmented by the random walker with priors
(Grady, "Multilabel Random Walker Image Segmentation Using Prior Models", CVPR 2005), with the
colors under the stroke as the prior; the new edge is then matted by closed-form matting. A remove
stroke is processed as a keep stroke on the alpha of the background.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np

from bgswap.errors import BadInput
from bgswap.mask_ops import resized, window_slices
from bgswap.matting.closed_form import ClosedFormConfig, solved_trimap
from bgswap.matting.stroke_region import RegionConfig, stroke_region
from bgswap.matting.upsampling import guided_upsampling

# Rows and columns of a part of a photo.
View = tuple[slice, slice]


@dataclass(frozen=True)
class CorrectionConfig:
    """The reach of strokes and the matting of their edges."""

    # Distance from a stroke within which alpha may change, as a multiple of the stroke's width (the
    # diameter of its largest inscribed disc). A greater reach adds more of what a thin stroke left
    # out, and more errors around a stroke that already covered its part.
    reach: float = 1.25
    # Minimum reach in pixels, and maximum as a share of the photo's longer side: the width of a
    # filled area is not that of a brush.
    least_reach: float = 6.0
    most_reach: float = 0.06
    # Components of fewer pixels are ignored; more components than that are not painted strokes.
    # The time grows with the number of components.
    least_pixels: int = 12
    most_pieces: int = 64
    # Maximum reach for a person painted where none was detected: there is no edge yet.
    most_reach_new: float = 0.15
    # Half the width of the trimap's unknown band, in pixels after scaling; see ``pixels``.
    band: float = 4.0
    # Pixels within reach above which the crop is scaled down: 0.3 s on one core.
    pixels: int = 60_000
    # The segmentation of the pixels that belong to a stroke, and the matting of their edge.
    region: RegionConfig = field(default_factory=RegionConfig)
    matte: ClosedFormConfig = field(default_factory=ClosedFormConfig)


def corrected(
    photo: np.ndarray,
    alpha: np.ndarray,
    keep: np.ndarray | None = None,
    remove: np.ndarray | None = None,
    config: CorrectionConfig | None = None,
) -> np.ndarray:
    """An alpha with strokes applied.

    Where ``keep`` and ``remove`` overlap, ``remove`` wins. Beyond the strokes' reach
    (:func:`stroke_distance`) alpha does not change. The result is deterministic.

    Args:
        photo: (H, W, 3) uint8 RGB.
        alpha: (H, W) float32 in [0, 1], multiples of 1/255.
        keep: (H, W) bool, or float32 in [0, 1] with a threshold of one half: alpha becomes 1.
        remove: as ``keep``: alpha becomes 0.

    Returns:
        (H, W) float32 in [0, 1], a new array, multiples of 1/255 where it changed.

    Raises:
        BadInput: a mask has another size, shape or type.
    """
    config = config or CorrectionConfig()
    size = photo.shape[:2]
    if alpha.shape != size:
        raise ValueError(f"photo {photo.shape} and alpha {alpha.shape} differ in size")
    removed = stroke_mask("remove", remove, size)
    kept = stroke_mask("keep", keep, size) & ~removed
    result, longest = alpha.copy(), max(size)
    view = reach_window(kept | removed, longest, config)
    part, picture, kept, removed = result[view], photo[view], kept[view], removed[view]
    _grow(picture, part, kept, removed, longest, config)
    background = 1 - part
    _grow(picture, background, removed, kept, longest, config)
    changed = background != 1 - part
    part[changed] = np.rint((1 - background[changed]) * 255) / np.float32(255)
    part[kept], part[removed] = 1, 0
    return result


def reach_window(stroke: np.ndarray, longest: int, config: CorrectionConfig | None = None) -> View:
    """Rows and columns that hold strokes and all pixels within their reach.

    Args:
        stroke: (h, w) bool, a photo's or a part of it.
        longest: the photo's longer side in pixels.

    Returns:
        Two slices of that array; without a stroke those of its first corner.
    """
    x, y, width, height = cv2.boundingRect(stroke.astype(np.uint8))
    margin = 2 * _reach(max(width, height), longest, config or CorrectionConfig())
    return _around((x, y, x + width, y + height), margin, stroke.shape)


def stroke_distance(
    stroke: np.ndarray, longest: int, config: CorrectionConfig | None = None
) -> np.ndarray:
    """The distance of each pixel from the nearest stroke, as a multiple of that stroke's reach.

    Args:
        stroke: (h, w) bool, a photo's or those of :func:`reach_window`.
        longest: the photo's longer side in pixels.

    Returns:
        (h, w) float32: 0 on the stroke, up to 1 where alpha may change, above 1 elsewhere.
    """
    config = config or CorrectionConfig()
    near = np.full(stroke.shape, 2, np.float32)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(stroke.astype(np.uint8))
    for number in range(1, count):
        x, y, width, height = (int(v) for v in stats[number, :4])
        piece = (pieces[y : y + height, x : x + width] == number).astype(np.uint8)
        # Padded with zeros, so that the photo's border counts as the end of a stroke.
        inner = cv2.distanceTransform(np.pad(piece, 1), cv2.DIST_L2, 5)
        reach = _reach(2 * float(inner.max()) - 1, longest, config)
        view = _around((x, y, x + width, y + height), 2 * reach, stroke.shape)
        elsewhere = (pieces[view] != number).astype(np.uint8)
        outer = cv2.distanceTransform(elsewhere, cv2.DIST_L2, 5)
        near[view] = np.minimum(near[view], outer / np.float32(reach))
    return near


def _reach(width: float, longest: int, config: CorrectionConfig) -> float:
    """The reach of a stroke in pixels."""
    return max(config.least_reach, min(config.reach * width, config.most_reach * longest))


def _around(box: tuple[int, int, int, int], margin: float, size: tuple[int, ...]) -> View:
    """Rows and columns of a box with a margin, inside a picture of (H, W)."""
    (x0, y0, x1, y1), more = box, int(np.ceil(margin)) + 1
    return window_slices((x0 - more, y0 - more, x1 - x0 + 2 * more, y1 - y0 + 2 * more), size)


def stroke_mask(name: str, mask: np.ndarray | None, size: tuple[int, int]) -> np.ndarray:
    """A stroke as (H, W) bool; None gives an empty one.

    Raises:
        BadInput: it has another size, shape or type, or too many components.
    """
    if mask is None:
        return np.zeros(size, bool)
    if mask.ndim != 2 or mask.dtype.kind not in "bf":
        raise BadInput(f"The {name} mask must have one channel, bool or float, from 0 to 1")
    if mask.shape != size:
        (height, width), (rows, columns) = size, mask.shape
        raise BadInput(
            f"The {name} mask has {columns}×{rows} pixels, but the photo has {width}×{height}"
        )
    return _without_specks(name, mask > 0.5, CorrectionConfig())


def _without_specks(name: str, stroke: np.ndarray, config: CorrectionConfig) -> np.ndarray:
    """A stroke without components that are too small to have been painted.

    Raises:
        BadInput: too many are left.
    """
    x, y, width, height = cv2.boundingRect(stroke.view(np.uint8))
    if not width:
        return stroke
    view = np.s_[y : y + height, x : x + width]
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(stroke[view].astype(np.uint8))
    large = stats[:, cv2.CC_STAT_AREA] >= config.least_pixels
    large[0] = False
    if large.sum() > config.most_pieces:
        raise BadInput(
            f"The {name} mask has {large.sum()} separate pieces: {config.most_pieces} at most"
        )
    if large[1:].all():
        return stroke
    cleaned = np.zeros_like(stroke)
    cleaned[view] = large[pieces]
    return cleaned


def _grow(
    photo: np.ndarray,
    alpha: np.ndarray,
    stroke: np.ndarray,
    barrier: np.ndarray,
    longest: int,
    config: CorrectionConfig,
) -> None:
    """Raise alpha, in place, to 1 under a stroke and up to the edge around it."""
    if not stroke.any():
        return
    view = reach_window(stroke, longest, config)
    part, near = alpha[view], stroke_distance(stroke[view], longest, config)
    changes = near <= 1
    if (part[changes] == 1).all():
        return
    scale = min(1.0, float(np.sqrt(config.pixels / np.count_nonzero(changes))))
    rows, columns = (max(round(side * scale), 1) for side in near.shape)
    size = (rows, columns)
    picture = np.ascontiguousarray(photo[view])
    small, distance = resized(picture, size), resized(near, size)
    inner, outer = (resized(layer[view].astype(np.float32), size) for layer in (stroke, barrier))
    body = stroke_region(small, resized(part, size), inner, outer, distance, config.region)
    matte = solved_trimap(small, _trimap(body, distance, config), config.matte)
    if scale < 1:
        matte = guided_upsampling(picture, small, matte)
    matte = np.rint(matte * 255) / np.float32(255)
    part[changes] = np.maximum(part[changes], matte[changes])


def _trimap(body: np.ndarray, near: np.ndarray, config: CorrectionConfig) -> np.ndarray:
    """The trimap of a segmentation (h, w) bool: one half around its edge, within reach."""
    sure = (cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5) for side in (body, ~body))
    known = [depth > config.band for depth in sure]
    unknown = (near > 0) & (near <= 1) & ~known[0] & ~known[1]
    return np.where(unknown, 0.5, body.astype(np.float64))
