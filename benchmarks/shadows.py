"""How strong the contact shadows of real photos are, as a strength of the option ``shadow``.

    python -m benchmarks.shadows --people512 people512.zip

For every labelled photo in which the main person's feet are to be seen, the light on the ground
around them is compared with that of the ground a little farther off, and the strength is fitted
with which our own shadow takes as much of it (least squares over the ground outside the person).
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.val_sets import val_photos
from bgswap.compositing.shadow import Foot, find_feet, ground_light

# Of the light at strength 1: what takes more counts as shadow, what takes less as ground beside it.
SHADED, BESIDE = 0.5, (0.002, 0.03)
# Fewer pixels than this of either tell nothing.
LEAST = 15
# What is tried; below 0 the ground at the feet is lighter.
STRENGTHS = np.linspace(-0.5, 1, 76)


def shadow_strength(photo: np.ndarray, mask: np.ndarray) -> float | None:
    """The strength that fits the shadow under one person's feet.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) float32 in [0, 1] of the person.

    Returns:
        One of :data:`STRENGTHS`; None where no feet are to be seen, or no
        ground beside them.
    """
    body = mask > 0.5
    feet: Sequence[Foot] = find_feet(body, body)
    if not feet:
        return None
    taken = 1 - ground_light(body.shape, [feet], 1.0)
    ground = ~body
    # Above the soles the background may be a wall.
    ground[: round(min(foot.bottom for foot in feet) - 0.02 * feet[0].height)] = False
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32)
    shaded = ground & (taken > SHADED)
    beside = ground & (taken > BESIDE[0]) & (taken < BESIDE[1])
    if min(np.count_nonzero(shaded), np.count_nonzero(beside)) < LEAST:
        return None
    dark = 1 - grey[shaded] / np.median(grey[beside])
    errors = [np.square(1 - ground_light(body.shape, [feet], s)[shaded] - dark) for s in STRENGTHS]
    return float(STRENGTHS[np.argmin([error.sum() for error in errors])])


def main() -> None:
    """Measure and print the quartiles."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people512", type=Path, required=True, help="archive of street photos")
    archive = parser.parse_args().people512
    photos = val_photos(people512=archive)
    fitted = [shadow_strength(*photo.read()) for photo in photos]
    strengths = [strength for strength in fitted if strength is not None]
    quartiles = np.percentile(strengths, [25, 50, 75])
    print(f"{len(strengths)} of {len(photos)} photos show feet on the ground")
    print("strength, quartiles: " + ", ".join(f"{value:.2f}" for value in quartiles))


if __name__ == "__main__":
    main()
