"""The grain of a photo on a generated scene, which is smooth where it was enlarged.

Grain is the standard deviation of white noise with the same energy at high frequencies, measured
where a picture is flat: the response to a Laplacian mask that is blind to edges that are straight
(Immerkær, "Fast Noise Variance Estimation", 1996), in the flattest of many blocks.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.mask_ops import round_to_uint8

# Of the added noise, so that the same scene is always the same picture.
GRAIN_SEED = 22
# The response of this mask to white noise of deviation 1 has deviation 6.
MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
MASK_GAIN = 6.0
# Weights of red, green and blue in the brightness of sRGB (ITU-R BT.601).
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class GrainConfig:
    """Numbers of the measurement and of the added noise.

    Attributes:
        block: side of the blocks in pixels.
        flattest: share of the blocks that count; the others have texture.
        clipped: blocks with a pixel this near to black or white may have lost their noise.
        usable: least share of blocks that are not clipped; with fewer, what is left may be the
            texture of clothes before a white wall.
        window, windows: side in pixels, and number along each side, of the parts of a large picture
            that are measured.
        most: levels; more than this is no grain of a camera but a broken picture.
        least: levels; rounding to bytes alone gives 0.3.
        strip: rows at once, so that memory stays small.
    """

    block: int = 24
    flattest: float = 0.15
    clipped: float = 8.0
    usable: float = 0.3
    window: int = 192
    windows: int = 8
    most: float = 8.0
    least: float = 0.4
    strip: int = 256


CONFIG = GrainConfig()


def grain(picture: np.ndarray, config: GrainConfig = CONFIG) -> float:
    """The grain of a picture in levels of 255; 0 where too few blocks are usable.

    Args:
        picture: (H, W, 3) uint8 RGB.
        config: see :class:`GrainConfig`.
    """
    energies = np.concatenate([_energies(window, config) for window in _windows(picture, config)])
    usable = np.sort(energies[~np.isnan(energies)])
    if len(usable) <= config.usable * len(energies):
        return 0.0
    flattest = usable[: max(1, round(config.flattest * len(usable)))]
    return float(np.sqrt(flattest.mean())) / MASK_GAIN


def match_grain(scene: np.ndarray, photo: np.ndarray, config: GrainConfig = CONFIG) -> np.ndarray:
    """A scene with as much grain as a photo; grey noise is added where it has less.

    Args:
        scene: (H, W, 3) uint8 RGB at the photo's size.
        photo: (H', W', 3) uint8 RGB.
        config: see :class:`GrainConfig`.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    wanted, there = min(grain(photo, config), config.most), grain(scene, config)
    missing = float(np.sqrt(max(wanted**2 - there**2, 0.0)))
    if missing < config.least:
        return scene
    noise, result = np.random.default_rng(GRAIN_SEED), np.empty_like(scene)
    for top in range(0, scene.shape[0], config.strip):
        rows = slice(top, top + config.strip)
        grey = missing * noise.standard_normal(scene[rows].shape[:2], np.float32)
        result[rows] = round_to_uint8(scene[rows] + grey[..., None])
    return result


def _windows(picture: np.ndarray, config: GrainConfig) -> list[np.ndarray]:
    """The brightness of parts of a picture, (h, w) float32 each; the whole of a small one."""
    steps = [_window_starts(side, config) for side in picture.shape[:2]]
    size = config.window
    return [picture[y : y + size, x : x + size] @ LUMA for y in steps[0] for x in steps[1]]


def _window_starts(side: int, config: GrainConfig) -> list[int]:
    last = max(side - config.window, 0)
    count = min(config.windows, -(-side // config.window))
    return [round(start) for start in np.linspace(0, last, count)]


def _energies(luma: np.ndarray, config: GrainConfig) -> np.ndarray:
    """The mean squared response to the mask in each block; NaN where it is clipped."""
    height, width = (side // config.block for side in luma.shape)
    if not height or not width:
        return np.empty(0, np.float32)
    response = cv2.filter2D(luma, -1, MASK, borderType=cv2.BORDER_REFLECT_101)
    clipped = (luma < config.clipped) | (luma > 255 - config.clipped)
    energies = np.where(_block_means(clipped, config), np.nan, _block_means(response**2, config))
    return energies.ravel()


def _block_means(values: np.ndarray, config: GrainConfig) -> np.ndarray:
    height, width = (side // config.block for side in values.shape)
    cut = values[: height * config.block, : width * config.block]
    return cut.reshape(height, config.block, width, config.block).mean((1, 3))
