"""Let the kept people stand in the scene's light.

The light of a scene is estimated from its pixels as in "Shades of Gray" (Finlayson and Trezzi,
2004), on a small picture and without the people, for the scene as a whole and around each place.
The people's lightness and colour then move some way toward it in CIE Lab, along curves that leave
black black and white unclipped. All shifts are bounded, so that skin stays skin.
"""

import cv2
import numpy as np

# The field of shifts is so smooth that this many pixels along the longer side hold all of it.
FIELD_SIDE = 64
# Standard deviation of "around a place", as a share of the longer side.
REACH = 0.25
# How much of the field is the light around a place; the rest is the scene's as a whole.
LOCAL = 0.5
MINKOWSKI = 3.0
# How far of the way to the scene's lightness and colour full strength goes, before the bounds.
LEVEL_SHARE, COLOUR_SHARE = 0.6, 0.45
# The furthest shifts (darker, lighter; green, red; blue, yellow) in units of L, a and b. Skin has
# a and b of about 10 to 25: it survives warm light well, cold light less, green light hardly.
BOUNDS = ((24.0, 11.0), (5.0, 8.0), (11.0, 16.0))
# Lightness of a person in even light: clothes alone say little about the light they were seen in.
USUAL_LEVEL = 52.0
TILE_ROWS = 128
DITHER_SEED = 11


def match_light(
    image: np.ndarray,
    people: np.ndarray,
    alpha: np.ndarray,
    background: np.ndarray,
    strength: float,
) -> np.ndarray:
    """Move the kept people's lightness and colour toward the scene's light.

    Args:
        image: (H, W, 3) uint8 RGB, people composed over the background.
        people: (H, W, 3) uint8 RGB, their own colours: in the soft edge, where the image mixes
            them with the scene, these are what is lit.
        alpha: (H, W) float32 in [0, 1]; in the soft edge the change fades with it.
        background: (h, w, 3) uint8 RGB, the scene in the same frame, of any size.
        strength: 0 (the image itself is given back) to 1.

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
    scale = FIELD_SIDE / max(alpha.shape)
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
    reference = (level + USUAL_LEVEL) / 2
    lightness = _around(_to_lab(scene)[..., :1], free)
    light = _around(_linear(scene) ** MINKOWSKI, free) ** (1 / MINKOWSKI)
    light /= light.max(axis=-1, keepdims=True) + 1e-6
    colour = _to_lab(_gamma(light))[..., 1:]
    # The blue of a screen leans to purple, the blue of a sky or a night does not.
    a, b = colour[..., 0], colour[..., 1]
    colour[..., 0] = np.maximum(a + 0.55 * np.minimum(b, 0), np.minimum(a, 0))
    # Near black the colour of a scene is noise, not light.
    colour *= np.clip(lightness / 10, 0, 1)
    wish = np.dstack([LEVEL_SHARE * (lightness - reference), COLOUR_SHARE * colour])
    low, high = np.array(BOUNDS, np.float32).T
    return np.where(wish < 0, low * np.tanh(wish / low), high * np.tanh(wish / high))


def _around(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Weighted mean of (h, w, C) values around each place, mixed with that of the whole."""
    sigma = REACH * max(weight.shape)
    weighted = values * weight[..., None]
    blur = cv2.GaussianBlur(weighted, (0, 0), sigma).reshape(values.shape)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    whole = weighted.sum((0, 1)) / weight.sum()
    # Far from any free pixel the scene as a whole is all that is known.
    known = LOCAL * np.clip(total * 4, 0, 1)
    return (1 - known) * whole + known * blur / (total + 1e-6)


def _relight(image: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 RGB with its Lab shifted; float32 in [0, 255], not rounded."""
    lightness, a, b = cv2.split(_to_lab(image.astype(np.float32) * np.float32(1 / 255)))
    level, *tints = cv2.split(shift)
    # Black keeps its place; white too where it gets lighter, while less light dims it like the
    # rest. Within the bounds every tone stays over the one below it.
    curve = np.where(level < 0, lightness / 50, lightness * (100 - lightness) / 2500)
    lit = lightness + curve * level
    # A white that takes on colour gives up light, else one channel would clip.
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
