"""Photometric augmentation of single pictures: edges, light, color, blur and compression."""

import cv2
import numpy as np


def cut_edge(alpha: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An alpha (H, W) uint8, randomly eroded or blurred a little."""
    chance = rng.random()
    if chance < 0.35 and min(alpha.shape) > 24:
        alpha = cv2.erode(alpha, np.ones((3, 3), np.uint8))
    return cv2.GaussianBlur(alpha, (3, 3), 0) if chance < 0.6 else alpha


def tinted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A person (H, W, 3) uint8 in another light: float64, 0 to 255."""
    gain = rng.uniform(0.7, 1.25) * rng.uniform(0.92, 1.08, 3)
    return np.clip(image * gain + rng.uniform(-12, 12), 0, 255)


def camera(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture (H, W, 3) uint8 with random light, color, blur, noise and JPEG; same shape."""
    out = image.astype(np.float32)
    grey = out.mean(axis=2, keepdims=True)
    out = grey + (out - grey) * (0.0 if rng.random() < 0.05 else rng.uniform(0.5, 1.5))
    out = (out - 128) * rng.uniform(0.7, 1.3) + 128 + rng.uniform(-30, 30)
    out *= rng.uniform(0.9, 1.1, 3)
    if rng.random() < 0.2:
        out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.2:
        out = out + rng.normal(0, rng.uniform(2, 10), out.shape)
    out = np.uint8(np.clip(out, 0, 255))
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))]
        out = cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_COLOR)
    return out


def focused(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A background (H, W, 3) uint8, randomly defocused, sharpened or unchanged."""
    chance = rng.random()
    if chance < 0.2:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.01, 0.05) * min(image.shape[:2]) + 0.3)
    if chance < 0.6:
        soft = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 1.5))
        amount = rng.uniform(0.5, 2.0)
        return cv2.addWeighted(image, 1 + amount, soft, -amount, 0)
    return image
