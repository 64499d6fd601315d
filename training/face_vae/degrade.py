"""Synthetic degradation of faces for training: blur, low resolution, noise, JPEG."""

import cv2
import numpy as np

from bgswap.faces.degradation import jpeg_compressed


def degrade(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A randomly degraded picture of a face.

    Blur, low resolution, noise and JPEG in this order, each with probability 0.5; at least one.

    Args:
        face: (H, W, 3) uint8 RGB.
        rng: random generator.

    Returns:
        (H, W, 3) uint8 RGB, a new array.
    """
    steps = rng.random(4) < 0.5
    if not steps.any():
        steps[rng.integers(4)] = True
    for step, wanted in zip((blur, lower_resolution, add_noise, jpeg), steps, strict=True):
        face = step(face, rng) if wanted else face
    return face


def blur(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gaussian blur of 0.5 to 2.2 pixels. (H, W, 3) uint8 RGB to the same."""
    return cv2.GaussianBlur(face, (0, 0), rng.uniform(0.5, 2.2))


def lower_resolution(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Downscaling by 1.5 to 5 and upscaling. (H, W, 3) uint8 RGB to the same."""
    height, width = face.shape[:2]
    factor = rng.uniform(1.5, 5)
    small = (max(2, round(width / factor)), max(2, round(height / factor)))
    return shrunk(face, small, cv2.INTER_CUBIC if rng.random() < 0.7 else cv2.INTER_NEAREST)


def shrunk(picture: np.ndarray, size: tuple[int, int], way: int = cv2.INTER_CUBIC) -> np.ndarray:
    """A picture (H, W, 3) uint8 downscaled to ``size`` (width, height) and upscaled again."""
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[1::-1], interpolation=way)


def noisy(picture: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """White noise with ``sigma`` in grey levels. (H, W, 3) uint8 RGB to the same."""
    noise = rng.normal(0, sigma, picture.shape)
    return (picture + noise).round().clip(0, 255).astype(np.uint8)


def add_noise(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Noise of 4 to 28 grey levels, partly equal in all channels. (H, W, 3) uint8 RGB."""
    height, width = face.shape[:2]
    noise = rng.standard_normal((height, width, 3)) * rng.uniform(4, 20)
    noise += rng.standard_normal((height, width, 1)) * rng.uniform(0, 20)
    return (face + noise).clip(0, 255).round().astype(np.uint8)


def jpeg(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """JPEG of quality 8 to 50. (H, W, 3) uint8 RGB to the same."""
    return jpeg_compressed(face, int(rng.integers(8, 51)))
