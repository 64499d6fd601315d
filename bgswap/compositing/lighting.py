"""Relighting: the kept people's lightness and color are moved toward the scene's light.

The light of a scene is estimated from its pixels as in "Shades of Gray" (Finlayson and Trezzi,
2004), on a scaled-down picture without the people, globally and locally. The people's lightness and
color are shifted toward it in CIE Lab, along curves that keep black and do not clip white. All
shifts are bounded, so that skin tones stay plausible.
"""

from dataclasses import dataclass

import cv2
import numpy as np

# Rows processed at a time: bounds the memory.
TILE_ROWS = 128
# Seed of the dither noise of one grey level.
DITHER_SEED = 11


@dataclass(frozen=True)
class LightingConfig:
    """How the scene's light is estimated, and how far people are shifted; chosen by eye."""

    # Longer side in pixels of the field of shifts, which is smooth.
    field_side: int = 64
    # Standard deviation of the local estimate, as a share of the longer side.
    reach: float = 0.25
    # Weight of the local estimate; the rest is the global one.
    local: float = 0.5
    # Norm of the Shades-of-Gray estimate.
    minkowski: float = 3.0
    # Share of the difference in lightness and in color that full strength removes, before the
    # bounds.
    level_share: float = 0.6
    color_share: float = 0.45
    # Maximum shifts (darker, lighter; green, red; blue, yellow) in units of L, a and b. Skin has a
    # and b of about 10 to 25: it stays plausible in warm light, less in cold, hardly in green.
    bounds: tuple[tuple[float, float], ...] = ((24.0, 11.0), (5.0, 8.0), (11.0, 16.0))
    # Mean lightness of people in even light: the prior of a person's own, since clothes vary.
    usual_level: float = 52.0


CONFIG = LightingConfig()


def match_light(
    image: np.ndarray,
    people: np.ndarray,
    alpha: np.ndarray,
    background: np.ndarray,
    strength: float,
) -> np.ndarray:
    """Shift the kept people's lightness and color toward the scene's light.

    Args:
        image: (H, W, 3) uint8 RGB, people composed over the background.
        people: (H, W, 3) uint8 RGB, the foreground colors, which are shifted in the soft edge.
        alpha: (H, W) float32 in [0, 1]; the change is weighted by it.
        background: (h, w, 3) uint8 RGB, the scene in the same frame, of any size.
        strength: 0 (the image is returned unchanged) to 1.

    Returns:
        (H, W, 3) uint8 RGB; where alpha is 0 the pixels are the image's own.

    Raises:
        ValueError: image, people and alpha differ in size, or the strength is out of range.
    """
    if not image.shape == people.shape == (*alpha.shape, 3):
        raise ValueError(
            f"image {image.shape}, people {people.shape} and alpha {alpha.shape} differ in size"
        )
    if not 0 <= strength <= 1:
        raise ValueError(f"expected a strength from 0 to 1, got {strength}")
    covered = alpha > 0
    if strength == 0 or not covered.any():
        return image
    field = _shift_field(image, alpha, background) * np.float32(strength)
    result = image.copy()
    x, y, width, height = cv2.boundingRect(covered.view(np.uint8))
    noise = np.random.default_rng(DITHER_SEED)
    for top in range(y, y + height, TILE_ROWS):
        tile = (slice(top, min(top + TILE_ROWS, y + height)), slice(x, x + width))
        share = alpha[tile][..., None]
        own = np.where(share == 1, image[tile], people[tile])
        lit = image[tile] + share * (_relight(own, _upsampled(field, alpha.shape, tile)) - own)
        lit += noise.random(lit.shape[:2], np.float32)[..., None]
        np.clip(lit, 0, 255, out=lit)
        np.copyto(result[tile], lit.astype(np.uint8), where=covered[tile][..., None])
    return result


def _shift_field(image: np.ndarray, alpha: np.ndarray, background: np.ndarray) -> np.ndarray:
    """The bounded shift of L, a and b at full strength, (h, w, 3) float32, small and smooth."""
    scale = CONFIG.field_side / max(alpha.shape)
    size = tuple(max(2, round(side * scale)) for side in alpha.shape[::-1])
    people, scene = (
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        for picture in (image, background)
    )
    person = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    free = np.clip(1 - 2 * person, 0, 1)
    if free.sum() < 1:
        return np.zeros((*size[::-1], 3), np.float32)
    level = np.average(_to_lab(people)[..., 0], weights=person + 1e-6)
    reference = (level + CONFIG.usual_level) / 2
    lightness = _around(_to_lab(scene)[..., :1], free)
    norm = CONFIG.minkowski
    light = _around(_linear(scene) ** norm, free) ** (1 / norm)
    light /= light.max(axis=-1, keepdims=True) + 1e-6
    color = _to_lab(_gamma(light))[..., 1:]
    # sRGB blue has a positive a (purple), unlike the blue of a sky or a night: remove it.
    a, b = color[..., 0], color[..., 1]
    color[..., 0] = np.maximum(a + 0.55 * np.minimum(b, 0), np.minimum(a, 0))
    # The color of a nearly black scene is noise.
    color *= np.clip(lightness / 10, 0, 1)
    shift = np.dstack([CONFIG.level_share * (lightness - reference), CONFIG.color_share * color])
    low, high = np.array(CONFIG.bounds, np.float32).T
    return np.where(shift < 0, low * np.tanh(shift / low), high * np.tanh(shift / high))


def _around(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Local weighted mean of (h, w, C) values, mixed with the global one."""
    sigma = CONFIG.reach * max(weight.shape)
    weighted = values * weight[..., None]
    blur = cv2.GaussianBlur(weighted, (0, 0), sigma).reshape(values.shape)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    whole = weighted.sum((0, 1)) / weight.sum()
    # Far from any free pixel only the global mean is known.
    known = CONFIG.local * np.clip(total * 4, 0, 1)
    return (1 - known) * whole + known * blur / (total + 1e-6)


def _relight(image: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 RGB with its Lab shifted; float32 in [0, 255], not rounded."""
    lightness, a, b = cv2.split(_to_lab(image.astype(np.float32) * np.float32(1 / 255)))
    level, *tints = cv2.split(shift)
    # Black does not change, nor does white where it gets lighter; darkening scales all tones. The
    # curve is monotonic within the bounds.
    curve = np.where(level < 0, lightness / 50, lightness * (100 - lightness) / 2500)
    lit = lightness + curve * level
    # A white that takes on color gets darker, or one channel would clip.
    lit -= np.square(np.square(lit / 100)) * cv2.magnitude(*tints) * np.float32(0.75)
    depth = np.minimum(lightness / 30, 1)
    a += tints[0] * depth
    b += tints[1] * depth
    return cv2.cvtColor(cv2.merge((lit, a, b)), cv2.COLOR_Lab2RGB) * np.float32(255)


def _upsampled(field: np.ndarray, size: tuple[int, int], tile: tuple[slice, slice]) -> np.ndarray:
    """The part of the field that covers a tile of a picture of this size, bilinear."""
    rows, columns = (np.arange(part.start, part.stop, dtype=np.float32) for part in tile)
    y = (rows + 0.5) * (field.shape[0] / size[0]) - 0.5
    x = (columns + 0.5) * (field.shape[1] / size[1]) - 0.5
    across, down = np.meshgrid(x, y)
    return cv2.remap(field, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _to_lab(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2Lab)


def _linear(image: np.ndarray) -> np.ndarray:
    return np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)


def _gamma(image: np.ndarray) -> np.ndarray:
    return np.where(image <= 0.0031308, image * 12.92, 1.055 * image ** (1 / 2.4) - 0.055)
