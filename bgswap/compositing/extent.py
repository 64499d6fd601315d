"""The bounding box of the kept people in a photo, and the borders that cut them off."""

from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.compositing.frame_options import CONFIG, FramingConfig


@dataclass(frozen=True)
class Extent:
    """The bounding box of the kept people in a photo.

    Attributes:
        size: (H, W) of the photo.
        box: x0, y0, x1, y1 in whole pixels, of all of them together.
        cut: whether the left, top, right and bottom border of the photo cuts off a person.
    """

    size: tuple[int, int]
    box: tuple[int, int, int, int]
    cut: tuple[bool, bool, bool, bool] = (False, False, False, False)


def people_extent(alpha: np.ndarray, config: FramingConfig = CONFIG) -> Extent:
    """The extent of the people in an alpha (H, W) float32 in [0, 1]; the whole photo if empty."""
    height, width = alpha.shape
    seen = alpha >= config.seen
    x, y, wide, tall = cv2.boundingRect(seen.view(np.uint8))
    if not wide:
        return Extent((height, width), (0, 0, width, height))
    deep = config.cut_depth
    strips = (
        (seen[:, :deep].any(1), tall),
        (seen[:deep].any(0), wide),
        (seen[:, -deep:].any(1), tall),
        (seen[-deep:].any(0), wide),
    )
    left, top, right, bottom = (
        bool(touching.sum() > config.cut_share * side) for touching, side in strips
    )
    box = (
        0 if left else x,
        0 if top else y,
        width if right else x + wide,
        height if bottom else y + tall,
    )
    return Extent((height, width), box, (left, top, right, bottom))
