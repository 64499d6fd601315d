"""The photo's own background out of focus, without the people.

A lens spreads each point over a disc, in linear light. The people are taken out first: the
background is continued under them by a pull-push pyramid (Gortler et al., "The Lumigraph", 1996),
so that none of their colors reaches the blurred picture.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from bgswap.backgrounds.dither import dithered
from bgswap.errors import BadInput
from bgswap.io.images import resize
from bgswap.types import Background


@dataclass(frozen=True)
class BlurConfig:
    """Numbers of the blur.

    Attributes:
        least, most, default: allowed strengths, and the default.
        largest_radius: of the disc at the highest strength, as a share of the picture's longer
            side; beyond it, no detail of the place is visible.
        smallest_radius: in pixels; a smaller disc changes nothing.
        working_radius: pixels; larger discs are drawn on a smaller picture, on which they have
            this radius: its outline is still round then.
        working_pixels: most pixels of that picture, for time and memory.
        growth: how far beyond the alpha the background is taken to hold the people's color, as a
            share of the radius ...
        growth_bounds: ... and its bounds in shares of the longer side.
        highlights: how far clipped highlights are brightened before the blur, 0 (not) to 1: they
            were brighter than a file can tell, which is what makes discs of lamps.
    """

    least: float = 1
    most: float = 100
    default: float = 40
    largest_radius: float = 0.03
    smallest_radius: float = 1.0
    working_radius: float = 14
    working_pixels: int = 4_000_000
    growth: float = 0.5
    growth_bounds: tuple[float, float] = (0.002, 0.006)
    highlights: float = 0.7


CONFIG = BlurConfig()
DITHER_SEED = 32


@dataclass(frozen=True)
class BlurredPhoto:
    """The photo's own background as a lens shows what is out of focus.

    People who are in the photo and not in the alpha belong to the background and are blurred.

    Attributes:
        strength: 1 to 100; the disc's radius in steps of 0.03 % of the photo's longer side.

    Raises:
        BadInput: the strength is out of its bounds.
    """

    strength: float = CONFIG.default

    def __post_init__(self) -> None:
        if not CONFIG.least <= self.strength <= CONFIG.most:
            raise BadInput(
                f"the strength of a blur is from {CONFIG.least:g} to {CONFIG.most:g}, "
                f"got {self.strength:g}"
            )

    def make(self, photo: np.ndarray, alpha: np.ndarray) -> list[Background]:
        """See :class:`bgswap.backgrounds.base.BackgroundSource`."""
        radius = self.strength / CONFIG.most * CONFIG.largest_radius * max(alpha.shape)
        return [Background(lens_blur(photo, radius, alpha), "blur")]


def lens_blur(
    picture: np.ndarray,
    radius: float,
    alpha: np.ndarray | None = None,
    config: BlurConfig = CONFIG,
) -> np.ndarray:
    """A picture out of focus.

    Args:
        picture: (H, W, 3) uint8 RGB.
        radius: of the disc that a point becomes, in pixels.
        alpha: (H, W) float32 in [0, 1]; where it is not 0 the picture is not seen, and what
            surrounds it is continued there. None: all of the picture is seen.
        config: see :class:`BlurConfig`.

    Returns:
        (H, W, 3) uint8 RGB, dithered so that no bands show.
    """
    height, width = picture.shape[:2]
    radius = max(radius, config.smallest_radius)
    area = (config.working_pixels / (height * width)) ** 0.5
    scale = min(1.0, config.working_radius / radius, area)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    light = _expanding(config.highlights)[resize(picture, size)]
    if alpha is not None and alpha.any():
        low, high = (share * max(height, width) for share in config.growth_bounds)
        growth = min(max(config.growth * radius, low), high) * scale
        light = _filled(light, _seen(resize(alpha, size), growth))
    kernel = _disc(radius * scale)
    blurred = cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REFLECT_101)
    return _encoded(blurred, (height, width), config.highlights)


def _seen(alpha: np.ndarray, growth: float) -> np.ndarray:
    """Where the background is seen and free of the people's color: (H, W) float32, 0 or 1."""
    side = 2 * max(round(growth), 1) + 1
    covered = (alpha > 0).astype(np.uint8)
    for unseen in (cv2.dilate(covered, np.ones((side, side), np.uint8)), covered):
        if not unseen.all():
            return 1 - unseen.astype(np.float32)
    return np.ones(alpha.shape, np.float32)


def _filled(light: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Light (H, W, 3) with what is not seen continued from around it (pull-push)."""
    return _pulled(light * seen[..., None], seen)


def _pulled(light: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Premultiplied light made whole: what a level lacks comes from the coarser one."""
    if weight.min() == 1:
        return light
    if max(weight.shape) == 1:
        return light / np.maximum(weight[..., None], np.float32(1e-6))
    half = tuple(max((side + 1) // 2, 1) for side in weight.shape[::-1])
    small, share = (cv2.resize(one, half, interpolation=cv2.INTER_AREA) for one in (light, weight))
    # A coarse pixel counts as known as soon as one of its four is: colors stay where they are.
    gain = np.minimum(4, 1 / np.maximum(share, np.float32(1e-6)))
    coarse = _pulled(small.reshape(*half[::-1], 3) * gain[..., None], share * gain)
    size = weight.shape[::-1]
    return light + (1 - weight)[..., None] * cv2.resize(coarse, size).reshape(*weight.shape, 3)


def _disc(radius: float) -> np.ndarray:
    """A disc with a smooth rim whose sum is 1."""
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return kernel / kernel.sum()


@cache
def _expanding(highlights: float) -> np.ndarray:
    """Levels 0 to 255 as linear light whose highlights are brightened, (256,) float32."""
    level = np.arange(256) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return (linear / (1 - highlights * linear)).astype(np.float32)


def _encoded(light: np.ndarray, size: tuple[int, int], highlights: float) -> np.ndarray:
    """Light (h, w, 3) as sRGB levels (H, W, 3) uint8: the inverse of the expansion, enlarged."""
    linear = light / (1 + highlights * light)
    low = linear <= 0.0031308
    level = np.where(low, linear * 12.92, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055) * 255
    large: np.ndarray = level.astype(np.float32)
    if large.shape[:2] != size:
        large = cv2.resize(large, size[::-1], interpolation=cv2.INTER_CUBIC)
    return dithered(large, size, DITHER_SEED)
