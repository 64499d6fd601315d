"""Strokes that a person painted, applied to the people of a photo."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from bgswap.errors import BadInput
from bgswap.matting.corrections import CorrectionConfig, corrected, neighborhood, stroke_mask
from bgswap.types import Person, box_of


def person_from_stroke(
    photo: np.ndarray,
    stroke: np.ndarray,
    number: int = 1,
    config: CorrectionConfig | None = None,
) -> Person:
    """Somebody whom no detector found: the stroke, snapped to the edges around it.

    Args:
        photo: (H, W, 3) uint8 RGB.
        stroke: (H, W) bool, or float32 in [0, 1] of which above one half counts.
        number: theirs in the photo.

    Raises:
        BadInput: the stroke is empty or not of the photo's size.
    """
    painted = stroke_mask("keep", stroke, photo.shape[:2])
    if not painted.any():
        raise BadInput("Nothing is painted: paint over somebody")
    config = config or CorrectionConfig()
    # What was nobody's says nothing about where somebody ends.
    region = replace(config.region, memory=0.0)
    config = replace(config, farthest=config.farthest_new, region=region)
    mask = corrected(photo, np.zeros(painted.shape, np.float32), painted, None, config)
    return Person(number, box_of(mask) or (0, 0, 0, 0), 1.0, mask)


def corrected_people(
    photo: np.ndarray,
    people: Sequence[Person],
    keep: np.ndarray | None = None,
    remove: np.ndarray | None = None,
    config: CorrectionConfig | None = None,
) -> list[Person]:
    """The people with strokes applied to their masks.

    Each piece of ``keep`` goes to the one whose mask has most of its neighborhood. Pieces near
    nobody are new people, numbered after the others; pieces within reach of each other are one.
    ``remove`` takes from everybody.

    Args:
        photo: (H, W, 3) uint8 RGB.
        people: of that photo.
        keep, remove: as for :func:`corrected`.

    Returns:
        The same people in their order, then the new ones; who is untouched is the same object.

    Raises:
        BadInput: as for :func:`corrected`.
    """
    size, config = photo.shape[:2], config or CorrectionConfig()
    removed = stroke_mask("remove", remove, size)
    kept = stroke_mask("keep", keep, size) & ~removed
    given = [np.zeros(size, bool) for _ in people]
    rest = np.zeros(size, bool)
    for piece in _pieces(kept):
        near = neighborhood(piece, config) <= 1
        shares = [float(person.mask[near].sum()) for person in people]
        best = int(np.argmax(shares)) if shares else -1
        target = given[best] if shares and shares[best] >= 1 else rest
        target |= piece
    found = []
    for person, own in zip(people, given, strict=True):
        mask = corrected(photo, person.mask, own, removed, config)
        found.append(person if np.array_equal(mask, person.mask) else person.with_mask(mask))
    after = max((person.number for person in people), default=0) + 1
    groups = _pieces(neighborhood(rest, config) <= 1)
    new = (person_from_stroke(photo, rest & g, after + i, config) for i, g in enumerate(groups))
    return found + list(new)


def _pieces(mask: np.ndarray) -> Iterator[np.ndarray]:
    """The connected pieces of a mask (H, W) bool, one mask each."""
    count, pieces = cv2.connectedComponents(mask.astype(np.uint8))
    return (pieces == number for number in range(1, count))
