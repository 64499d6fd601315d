"""Detection in overlapping tiles, for panoramas and small people, merged by NMS on masks.

Slicing aided inference (Akyon, Altinuc and Temizel, "Slicing Aided Hyper Inference", ICIP 2022). A
person cut off by a tile is complete in a neighboring tile or in the whole photo.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bgswap.detection.mask_nms import mask_nms
from bgswap.mask_ops import Window, paste_window, window_slices
from bgswap.tiling import tile_starts
from bgswap.types import Person

# A picture (H, W, 3) uint8 RGB to all people found in it, of any confidence, masks at its size.
Detect = Callable[[np.ndarray], list[Person]]


@dataclass(frozen=True)
class TilesConfig:
    """When a photo is searched in tiles, and how large they are."""

    # Longer side over the shorter one, above which a photo is searched in tiles.
    aspect: float = 2.0
    # Maximum side of a tile, as a multiple of the photo's shorter side: in a panorama, and for
    # small people in an ordinary photo.
    panorama: float = 1.5
    small: float = 0.6
    # Minimum overlap of neighboring tiles, as a share of a tile: people up to this width are
    # complete in one tile.
    overlap: float = 0.4
    # Distance in pixels to a tile's inner border below which a box counts as cut off there.
    border: float = 3.0


def wants_tiles(size: tuple[int, ...], config: TilesConfig) -> bool:
    """Whether a photo of (H, W) is long enough to be searched in tiles."""
    return max(size[:2]) > config.aspect * min(size[:2])


def tile_windows(size: tuple[int, ...], config: TilesConfig) -> list[Window]:
    """Tiles that cover a photo of (H, W), row by row."""
    share = config.panorama if wants_tiles(size, config) else config.small
    longest = max(round(share * min(size[:2])), 1)
    tall, wide = (min(side, longest) for side in size[:2])
    tops, lefts = (
        tile_starts(side, tile, config.overlap * tile)
        for side, tile in zip(size[:2], (tall, wide), strict=True)
    )
    return [(left, top, wide, tall) for top in tops for left in lefts]


def detect_in_window(
    photo: np.ndarray, window: Window, detect: Detect, border: float
) -> list[tuple[Person, bool]]:
    """The people found in a window of a photo, in the photo's pixels.

    Args:
        photo: (H, W, 3) uint8 RGB.
        window: in pixels; what lies outside the photo is left out.
        detect: finds people in the part.
        border: a box nearer than this to the window's border is cut off there, in pixels.

    Returns:
        Each person, and whether they are whole: not cut off by the window.
    """
    rows, columns = window_slices(window, photo.shape)
    part = np.ascontiguousarray(photo[rows, columns])
    x, y, (height, width) = columns.start, rows.start, part.shape[:2]
    found = []
    for person in detect(part):
        x0, y0, x1, y1 = person.box
        mask = paste_window(person.mask, (x, y, width, height), photo.shape[:2])
        moved = replace(person, box=(x0 + x, y0 + y, x1 + x, y1 + y), mask=mask)
        found.append((moved, not _cut_off(person, (x, y), photo.shape, border)))
    return found


def _cut_off(person: Person, corner: tuple[int, int], size: tuple[int, ...], border: float) -> bool:
    """Whether a person of a tile touches a border of it that is none of the photo's."""
    (height, width), (x, y), (x0, y0, x1, y1) = person.size, corner, person.box
    gaps = (x0, y0, width - x1, height - y1)
    inner = (x > 0, y > 0, x + width < size[1], y + height < size[0])
    return any(gap < border and is_inner for gap, is_inner in zip(gaps, inner, strict=True))


def search_tiles(
    photo: np.ndarray, detect: Detect, threshold: float, config: TilesConfig
) -> list[Person]:
    """The people found in a photo that is searched tile by tile, and once as a whole.

    Args:
        photo: (H, W, 3) uint8 RGB.
        detect: finds people in a picture.
        threshold: least confidence of a person, in [0, 1].
        config: how large tiles are.

    Returns:
        Each person once, with masks at photo size: as a tile shows them whole, else as the whole
        photo does, else as they are cut off.
    """
    whole: list[Person] = []
    cut_off: list[Person] = []
    for window in tile_windows(photo.shape, config):
        for person, is_whole in detect_in_window(photo, window, detect, config.border):
            if person.confidence >= threshold:
                (whole if is_whole else cut_off).append(person)
    overall = [person for person in detect(photo) if person.confidence >= threshold]
    found = mask_nms(whole)
    for people in (overall, cut_off):
        found = mask_nms(people, known=found)
    return found
