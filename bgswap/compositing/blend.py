"""Kept people over a new background, at the photo's full resolution.

In the soft edge a pixel of the photo is a mixture of person and old background. Foreground colours
are estimated (Germer, Uelwer, Conrad and Harmeling, "Fast Multi-Level Foreground Estimation",
2020, by pymatting), so that nothing of the old background shines through; where alpha is 1 the
photo's own pixels stand, bit for bit.
"""

import cv2
import numpy as np

# Foreground colours vary slowly across the edge: they are estimated on about this many pixels.
WORKING_PIXELS = 1_000_000
# One grey level of noise under the rounding keeps smooth skies free of bands.
DITHER_SEED = 20


def warm_up() -> None:
    """Import pymatting, which compiles for most of a minute the first time on a machine."""
    import pymatting  # noqa: F401


def foreground(photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The kept people's own colours, free of the old background.

    Args:
        photo: (H, W, 3) uint8 RGB.
        alpha: (H, W) float32 in [0, 1].

    Returns:
        (H, W, 3) uint8 RGB: the photo where alpha is 1, estimated where it is between, 0 elsewhere.

    Raises:
        ValueError: the sizes differ.
    """
    if photo.shape[:2] != alpha.shape:
        raise ValueError(f"photo {photo.shape} and alpha {alpha.shape} differ in size")
    result = np.where((alpha == 1)[:, :, None], photo, np.uint8(0))
    soft = (alpha > 0) & (alpha < 1)
    if not soft.any():
        return result
    x, y, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
    window = (slice(y, y + height), slice(x, x + width))
    estimated = _estimate(photo[window], alpha[window], soft[window])
    result[window][soft[window]] = estimated
    return result


def _estimate(photo: np.ndarray, alpha: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """Foreground colours of the soft pixels, (N, 3) uint8."""
    from pymatting import estimate_foreground_ml

    scale = min(1.0, np.sqrt(WORKING_PIXELS / alpha.size))
    if scale == 1.0:
        colours = estimate_foreground_ml(photo / np.float32(255), alpha)[soft]
        return _to_bytes(colours * 255)
    size = (max(round(alpha.shape[1] * scale), 1), max(round(alpha.shape[0] * scale), 1))
    small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
    small_alpha = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    colours = estimate_foreground_ml(small / np.float32(255), small_alpha) * 255
    # What the small picture could not hold comes from the photo, as far as it is the person's.
    full_size = alpha.shape[::-1]
    smooth = cv2.resize(colours, full_size, interpolation=cv2.INTER_LINEAR)[soft]
    blurred = cv2.resize(small, full_size, interpolation=cv2.INTER_LINEAR)[soft]
    detail = photo[soft].astype(np.float32) - blurred
    return _to_bytes(smooth + alpha[soft][:, None] * detail)


def _to_bytes(values: np.ndarray) -> np.ndarray:
    """Levels as whole numbers; the values themselves are used up."""
    np.rint(values, out=values)
    return np.clip(values, 0, 255, out=values).astype(np.uint8)


def enlarge_background(background: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A scene at the photo's size: smooth as what lies out of focus, and without bands.

    Args:
        background: (h, w, 3) uint8 RGB at the scene model's resolution.
        size: (H, W) of the photo.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    if background.shape[:2] == size:
        return background
    factor = max(size[0] / background.shape[0], size[1] / background.shape[1])
    if factor <= 1:
        return cv2.resize(background, size[::-1], interpolation=cv2.INTER_AREA)
    large = background.astype(np.float32)
    # Doubling with a small blur after each step leaves no trace of the pixel grid, which one
    # large step would show.
    while factor > 2:
        large = cv2.resize(large, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        large = cv2.GaussianBlur(large, (0, 0), 0.8, borderType=cv2.BORDER_REFLECT)
        factor /= 2
    large = cv2.resize(large, size[::-1], interpolation=cv2.INTER_LINEAR)
    noise = np.random.default_rng(DITHER_SEED)
    result = np.empty(large.shape, np.uint8)
    for rows in (slice(top, top + 256) for top in range(0, size[0], 256)):
        strip = large[rows]
        strip += noise.random(strip.shape[:2], np.float32)[:, :, None] - np.float32(0.5)
        result[rows] = _to_bytes(strip)
    return result


def composite(people: np.ndarray, alpha: np.ndarray, background: np.ndarray) -> np.ndarray:
    """People over a background.

    Args:
        people: (H, W, 3) uint8 RGB, as :func:`foreground` gives them.
        alpha: (H, W) float32 in [0, 1].
        background: (H, W, 3) uint8 RGB.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: the sizes differ.
    """
    if not people.shape[:2] == alpha.shape == background.shape[:2]:
        raise ValueError(
            f"people {people.shape}, alpha {alpha.shape} and background {background.shape} "
            "differ in size"
        )
    result = np.where((alpha == 1)[:, :, None], people, background)
    soft = (alpha > 0) & (alpha < 1)
    weight = alpha[soft][:, None]
    result[soft] = _to_bytes(weight * people[soft] + (1 - weight) * background[soft])
    return result


def cutout(people: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The kept people alone: (H, W, 4) uint8 RGBA, straight (not premultiplied) alpha."""
    return np.dstack([people, _to_bytes(alpha * 255)])
