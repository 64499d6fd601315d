"""Bodies of one color over another, whose true mask is known."""

import cv2
import numpy as np

HEIGHT, WIDTH = 400, 320
RED, GREY = (190, 50, 50), (90, 120, 110)


def painted(body: np.ndarray, person: tuple = RED) -> np.ndarray:
    """A body (H, W) bool of one color over grey, with grain."""
    noise = np.random.default_rng(1).normal(0, 3, (*body.shape, 3))
    photo = np.where(body[..., None], np.float32(person), np.float32(GREY)) + noise
    return np.uint8(photo.clip(0, 255).round())


def silhouette() -> np.ndarray:
    body = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(body, (WIDTH // 2, HEIGHT // 2), (90, 150), 0, 0, 360, 1, -1)
    return body > 0


def combed() -> tuple[np.ndarray, np.ndarray]:
    """A body with gaps like those between locks in its upper part, and where they are."""
    body = silhouette()
    gaps = np.zeros_like(body)
    for start in range(4):
        gaps[50:68, start::10] = True
    return body & ~gaps, gaps & body
