"""Whether the same people are found in altered copies of a photo."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from training.common.cards import markdown_table
from training.common.metrics import iou

# From a photo (H, W, 3) uint8 RGB to an altered copy.
Alter = Callable[[np.ndarray], np.ndarray]
# The masks of the people found in a photo, each (H, W) float32 of the photo's size.
Find = Callable[[np.ndarray], list[np.ndarray]]
# Minimum IoU of a person's masks in the copy and in the photo.
SAME = 0.85
SEPIA = np.float32([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
DARK = 0.3


def grey(photo: np.ndarray) -> np.ndarray:
    """Luminance in all three channels."""
    return cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def sepia(photo: np.ndarray) -> np.ndarray:
    """The usual sepia matrix."""
    return np.uint8((photo @ SEPIA.T).clip(0, 255).round())


def dark(photo: np.ndarray) -> np.ndarray:
    """The pixel values multiplied by 0.3."""
    return np.uint8(np.round(DARK * photo))


def mirrored(photo: np.ndarray) -> np.ndarray:
    """Mirrored horizontally."""
    return np.ascontiguousarray(photo[:, ::-1])


def half_size(photo: np.ndarray) -> np.ndarray:
    """Half as many pixels a side."""
    size = photo.shape[1] // 2, photo.shape[0] // 2
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)


ALTERED: tuple[Alter, ...] = (grey, sepia, dark, mirrored, half_size)


def robustness(find: Find, photos: Iterable[tuple[str, np.ndarray]]) -> Iterator[dict[str, Any]]:
    """Compare each altered copy of each photo with the photo itself.

    Args:
        find: gives the masks of the people in a photo.
        photos: names and photos (H, W, 3) uint8 RGB.

    Yields:
        ``photo``, ``copy``, and the figures of :func:`same_people`.
    """
    for name, photo in photos:
        people = find(photo)
        size = photo.shape[1::-1]
        for alter in ALTERED:
            masks = find(alter(photo))
            if alter is mirrored:
                masks = [mask[:, ::-1] for mask in masks]
            masks = [cv2.resize(m, size, interpolation=cv2.INTER_LINEAR) for m in masks]
            copy = alter.__name__.replace("_", " ")
            yield {"photo": name, "copy": copy} | same_people(people, masks)


def same_people(people: Sequence[np.ndarray], again: Sequence[np.ndarray]) -> dict[str, Any]:
    """Pair masks (H, W) found in a photo with those found in its copy, for the largest sum of IoU.

    Returns:
        ``people`` and ``found``: how many there are in photo and copy. ``least_iou``, ``mean_iou``:
        over the photo's people, 0 for one who has no partner. ``same``: there are as many, and
        every pair has an IoU of ``SAME`` or more.
    """
    overlaps = np.zeros((len(people), max(len(people), len(again))))
    for i, mask in enumerate(people):
        overlaps[i, : len(again)] = [iou(other, mask) for other in again]
    pairs = linear_sum_assignment(overlaps, maximize=True)
    fits = overlaps[pairs] if len(people) else np.ones(1)
    least, mean = float(fits.min()), float(fits.mean())
    same = len(people) == len(again) and least >= SAME
    return {
        "people": len(people),
        "found": len(again),
        "least_iou": least,
        "mean_iou": mean,
        "same": bool(same),
    }


def robustness_table(rows: Iterable[dict[str, Any]]) -> str:
    """The rows of :func:`robustness` as markdown."""
    head = ["photo", "copy", "people", "found", "least IoU", "mean IoU", "same"]
    lines = []
    for row in rows:
        words = [row["photo"], row["copy"], str(row["people"]), str(row["found"])]
        fits = [f"{row[key]:.3f}" for key in ("least_iou", "mean_iou")]
        lines.append([*words, *fits, "yes" if row["same"] else "no"])
    return markdown_table(head, lines)
