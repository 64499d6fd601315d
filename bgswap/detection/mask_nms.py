"""Non-maximum suppression (NMS) on masks."""

from collections.abc import Iterable

import numpy as np

from bgswap.types import Person

# Intersection over the smaller area from which two masks count as one person: unlike the IoU, it
# also suppresses a second detection of a part of a person.
SAME = 0.6


def mask_nms(
    people: Iterable[Person], same: float = SAME, known: Iterable[Person] = ()
) -> list[Person]:
    """The people left after NMS, by descending confidence.

    Args:
        people: of one photo.
        same: intersection over the smaller area above which two masks count as one person.
        known: people of that photo who are never suppressed; they come first.
    """
    kept: list[Person] = list(known)
    for person in sorted(people, key=lambda p: -p.confidence):
        if not any(shared(person, other) > same for other in kept):
            kept.append(person)
    return kept


def shared(one: Person, other: Person) -> float:
    """Intersection of two masks over the area of the smaller one, in [0, 1]."""
    (rows, columns, crop), (others_rows, others_columns, others_crop) = one.cropped, other.cropped
    top, bottom = max(rows.start, others_rows.start), min(rows.stop, others_rows.stop)
    left, right = max(columns.start, others_columns.start), min(columns.stop, others_columns.stop)
    smaller = min(np.count_nonzero(crop > 0.5), np.count_nonzero(others_crop > 0.5))
    if top >= bottom or left >= right or not smaller:
        return 0.0
    own = crop[top - rows.start : bottom - rows.start, left - columns.start : right - columns.start]
    theirs = others_crop[
        top - others_rows.start : bottom - others_rows.start,
        left - others_columns.start : right - others_columns.start,
    ]
    return np.count_nonzero((own > 0.5) & (theirs > 0.5)) / smaller
