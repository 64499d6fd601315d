"""A detector for tests that finds red blobs, as YOLO finds people: in the picture it is given."""

import cv2
import numpy as np

from bgswap.types import Person

RED, GROUND = (200, 40, 40), (60, 110, 90)


def scene(*boxes: tuple[int, int, int, int], size: tuple[int, int]) -> np.ndarray:
    """A photo (H, W, 3) uint8 with a red ellipse in each box (x0, y0, x1, y1)."""
    photo = np.full((*size, 3), GROUND, np.uint8)
    for x0, y0, x1, y1 in boxes:
        middle, axes = ((x0 + x1) // 2, (y0 + y1) // 2), ((x1 - x0) // 2, (y1 - y0) // 2)
        cv2.ellipse(photo, middle, axes, 0, 0, 360, RED, -1)
    return photo


def look(photo: np.ndarray, least: int = 0) -> list[Person]:
    """Every red blob of ``least`` rows or more, the taller it is in the picture the surer."""
    red = np.uint8(photo[:, :, 0].astype(int) - photo[:, :, 1] > 60)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(red)
    found = []
    for number in range(1, count):
        x, y, width, height = (int(v) for v in stats[number, :4])
        if height >= least:
            confidence = min(height / photo.shape[0], 1.0)
            mask = np.float32(pieces == number)
            found.append(Person(0, (x, y, x + width, y + height), confidence, mask))
    return found
