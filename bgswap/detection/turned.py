"""Photos that lie on their side or stand on their head, with no EXIF to say so.

Detectors are trained on upright people. Where they find nobody, or only people of whom they are in
doubt, turned copies of the photo are looked at once each.
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
    """When turned copies are looked at, and when one is believed."""

    # Confidence of the surest person from which on a photo is upright.
    doubt: float = 0.7
    # Pixels of the copies: enough to tell whether somebody is there.
    pixels: int = 250_000
    # Confidence of the surest person that a copy must show at least.
    sure: float = 0.7
    # How many times the evidence of the photo as it is a copy must give.
    gain: float = 1.5


def upright_turn(
    photo: np.ndarray, people: Sequence[Person], detect: Detect, config: TurnedConfig | None = None
) -> int:
    """How far a photo has to be turned until it clearly shows more people.

    Args:
        photo: (H, W, 3) uint8 RGB.
        people: who was found in it as it is; may be empty.
        detect: finds people in a picture; not called where the people found leave no doubt.
        config: see :class:`TurnedConfig`.

    Returns:
        Degrees to the right, 90, 180 or 270; 0 where it is well as it is.
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
    """Sum of squared confidences: several doubtful fragments are no match for a sure person."""
    return sum(person.confidence**2 for person in people)
