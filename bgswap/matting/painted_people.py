"""Assignment of painted strokes to people, and people added by strokes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from bgswap.errors import BadInput
from bgswap.matting.corrections import (
    CorrectionConfig,
    corrected,
    reach_window,
    stroke_distance,
    stroke_mask,
)
from bgswap.types import Person, box_of


def person_from_stroke(
    photo: np.ndarray,
    stroke: np.ndarray,
    number: int = 1,
    config: CorrectionConfig | None = None,
) -> Person:
    """A person that the detector missed: the stroke, snapped to the edges around it.

    Args:
        photo: (H, W, 3) uint8 RGB.
        stroke: (H, W) bool, or float32 in [0, 1] with a threshold of one half.
        number: of the new person.

    Raises:
        BadInput: the stroke is empty or not of the photo's size.
    """
    painted = stroke_mask("keep", stroke, photo.shape[:2])
    if not painted.any():
        raise BadInput("Nothing is painted: paint over somebody")
    config = config or CorrectionConfig()
    # There is no earlier alpha that could tell where the person ends.
    region = replace(config.region, alpha_weight=0.0)
    config = replace(config, most_reach=config.most_reach_new, region=region)
    mask = corrected(photo, np.zeros(painted.shape, np.float32), painted, None, config)
    mask = np.rint(mask * 255) / np.float32(255)
    return Person(number, box_of(mask) or (0, 0, 0, 0), 1.0, mask, painted=True)


def assigned(
    photo: np.ndarray,
    people: Sequence[Person],
    keep: np.ndarray | None,
    config: CorrectionConfig | None = None,
) -> tuple[list[np.ndarray], np.ndarray]:
    """The part of a keep stroke that belongs to each person.

    Each component belongs to the person whose mask overlaps most with the area within its reach.

    Args:
        photo: (H, W, 3) uint8 RGB.
        people: of that photo.
        keep: as for :func:`corrected`.

    Returns:
        One (H, W) bool for each person, and one for the components near no person.

    Raises:
        BadInput: as for :func:`corrected`.
    """
    size, longest = photo.shape[:2], max(photo.shape[:2])
    own = [np.zeros(size, bool) for _ in people]
    rest = np.zeros(size, bool)
    stroke = stroke_mask("keep", keep, size)
    view = reach_window(stroke, longest, config)
    for piece in _components(stroke[view]):
        near = stroke_distance(piece, longest, config) <= 1
        shares = [float(person.mask[view][near].sum()) for person in people]
        best = int(np.argmax(shares)) if shares else -1
        target = own[best] if shares and shares[best] >= 1 else rest
        target[view] |= piece
    return own, rest


def painted_people(
    photo: np.ndarray,
    people: Sequence[Person],
    keep: np.ndarray | None,
    config: CorrectionConfig | None = None,
) -> list[Person]:
    """The people added by keep strokes near no person, numbered after the others.

    Strokes within reach of each other are one person.

    Args:
        photo: (H, W, 3) uint8 RGB.
        people: detected in it.
        keep: as for :func:`corrected`.

    Raises:
        BadInput: as for :func:`corrected`.
    """
    if keep is None:
        return []
    _, rest = assigned(photo, people, keep, config)
    after, longest = max((person.number for person in people), default=0) + 1, max(rest.shape)
    view, added = reach_window(rest, longest, config), list[Person]()
    for group in _components(stroke_distance(rest[view], longest, config) <= 1):
        stroke = np.zeros_like(rest)
        stroke[view] = rest[view] & group
        added.append(person_from_stroke(photo, stroke, after + len(added), config))
    return added


def _components(mask: np.ndarray) -> Iterator[np.ndarray]:
    """The connected components of a mask (H, W) bool, one mask each."""
    count, pieces = cv2.connectedComponents(mask.astype(np.uint8))
    return (pieces == number for number in range(1, count))
