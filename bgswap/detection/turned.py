"""Detection of photos that are rotated by 90, 180 or 270° and have no EXIF orientation.

Detectors are trained on upright people. Where the best confidence in the photo is low, the detector
also runs once on each rotated copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bgswap.detection.tiles import Detect
from bgswap.io.images import fit_within
from bgswap.types import Person

ADVICE = {
    90: "Somebody seems to lie on their side: turn the photo by 90° to the right",
    180: "Somebody seems to stand on their head: turn the photo by 180°",
    270: "Somebody seems to lie on their side: turn the photo by 90° to the left",
}


@dataclass(frozen=True)
class TurnedConfig:
    """When rotated copies are searched, and which result is accepted."""

    # Highest confidence in the photo from which it counts as upright.
    doubt: float = 0.7
    # Pixels of the copies: enough to detect people.
    pixels: int = 250_000
    # Minimum of the highest confidence in an accepted copy.
    sure: float = 0.7
    # Minimum ratio of the evidence in a copy to that in the photo.
    gain: float = 1.5


def upright_turn(
    photo: np.ndarray, people: Sequence[Person], detect: Detect, config: TurnedConfig | None = None
) -> int:
    """The rotation at which clearly more people are detected in a photo.

    Args:
        photo: (H, W, 3) uint8 RGB.
        people: detected in the photo as it is; may be empty.
        detect: detects people in a picture; not called where ``people`` has high confidences.
        config: see :class:`TurnedConfig`.

    Returns:
        Degrees clockwise, 90, 180 or 270; 0 where the photo counts as upright.
    """
    config = config or TurnedConfig()
    if any(person.confidence >= config.doubt for person in people):
        return 0
    small = fit_within(photo, pixels=config.pixels)
    best, most = 0, config.gain * _evidence(people)
    for turn in ADVICE:
        seen = detect(np.ascontiguousarray(np.rot90(small, -turn // 90)))
        sure = any(person.confidence >= config.sure for person in seen)
        if sure and _evidence(seen) > most:
            best, most = turn, _evidence(seen)
    return best


def _evidence(people: Sequence[Person]) -> float:
    """Sum of squared confidences: one confident detection outweighs several doubtful ones."""
    return sum(person.confidence**2 for person in people)
