"""Alpha blending of kept people and a new background, at the photo's full resolution.

Where alpha is 1 the result has the photo's own pixels, bit for bit; in the soft edge the foreground
colors that :mod:`bgswap.matting.foreground` estimates are blended with the background's.
"""

import cv2
import numpy as np

from bgswap.mask_ops import round_to_uint8

# Seed of the dither noise of one grey level, which prevents banding in smooth skies.
DITHER_SEED = 20


def enlarge_background(background: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Upsample a scene to the photo's size, smooth as an out-of-focus background and dithered.

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
    large: np.ndarray = background.astype(np.float32)
    # A small blur after each doubling removes the pixel grid, which one large step would show.
    while factor > 2:
        large = cv2.resize(large, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        large = cv2.GaussianBlur(large, (0, 0), 0.8, borderType=cv2.BORDER_REFLECT)
        factor /= 2
    large = cv2.resize(large, size[::-1], interpolation=cv2.INTER_LINEAR)
    noise = np.random.default_rng(DITHER_SEED)
    result = np.empty(large.shape, np.uint8)
    for rows in (slice(top, top + 256) for top in range(0, size[0], 256)):
        strip: np.ndarray = large[rows]
        strip += noise.random(strip.shape[:2], np.float32)[:, :, None] - np.float32(0.5)
        result[rows] = round_to_uint8(strip)
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
    result[soft] = round_to_uint8(weight * people[soft] + (1 - weight) * background[soft])
    return result


def cutout(people: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The kept people alone: (H, W, 4) uint8 RGBA, straight (not premultiplied) alpha."""
    return np.dstack([people, round_to_uint8(alpha * 255)])
