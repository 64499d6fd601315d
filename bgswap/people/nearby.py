"""A second look at each person, from nearby, for detectors that see few pixels a side.

On a photo of full figures such a detector's masks have cells as large as a face. From nearby they
are finer, and where several looks agree, mirrored ones and at different distances, the person is:
test-time augmentation, as with classifiers (Krizhevsky et al., NeurIPS 2012).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from bgswap.people.colours import settled
from bgswap.people.feet import with_feet
from bgswap.types import Box, Person

Window = tuple[slice, slice]
# Pictures (H, W, 3) uint8 RGB of one shape to the people in each.
Look = Callable[[list[np.ndarray]], list[list[Person]]]

# How much of its longer side is added around a box for each look; the widest comes last.
MARGINS = (0.2, 0.5)
# Straight and mirrored at each, and the first one.
LOOKS = 1 + 2 * len(MARGINS)
# And for the colours around a person, in which the outline is settled.
OUTLINE_MARGIN = 0.15
# How much two boxes must have in common to be the same person's.
SAME_PERSON = 0.6
# And what share of the smaller of two masks.
PART = 0.7
# What a look is less sure of than this it has not seen.
SEEN = 0.16
# Within this share of its width of a photo's left or right border a person is cut by it.
AT_BORDER = 0.01


def each_once(people: Iterable[Person]) -> list[Person]:
    """Each person once, surest first: of two that show one person, what both show is theirs.

    Two show one person where they share most of the smaller mask: half of somebody is easily found
    a second time. A small part of a mask that is there already adds nothing to it.
    """
    kept: list[Person] = []
    for person in sorted(people, key=lambda p: -p.confidence):
        same = [other for other in kept if _same(person, other)]
        if not same:
            kept.append(person)
        elif person.area > same[0].area:
            # they are all parts of this one
            kept = [other for other in kept if other not in same]
            kept.append(_joined([*same, person]))
    return sorted(kept, key=lambda p: -p.confidence)


def _joined(people: list[Person]) -> Person:
    """One person of all their masks, as sure as the surest of them."""
    corners = np.array([p.box for p in people])
    box = (*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0))
    return replace(
        max(people, key=lambda p: p.confidence),
        box=tuple(map(float, box)),
        mask=np.maximum.reduce([p.mask for p in people]),
    )


def look_nearby(photo: np.ndarray, person: Person, look: Look) -> Person:
    """The same person as all looks together see them, the first one included.

    Args:
        photo: (H, W, 3) uint8 RGB.
        person: as found in the whole photo.
        look: finds the people in pictures.

    Returns:
        The person with the mean of the looks' masks and boxes, weighted by their confidence, the
        mask settled by the photo's colours and given its feet. Their own confidence is the looks'
        mean, nothing where a look does not find them again: who is there once and then no more
        is hardly there.
    """
    size = photo.shape[:2]
    rows, columns = window(person.box, size, MARGINS[-1])
    framed = replace(person, mask=person.mask[rows, columns])
    first = _moved(framed, -columns.start, -rows.start)
    seen = [first, *_looks(photo[rows, columns], first, _cut(person.box, size[1]), look)]
    sureness = np.array([p.confidence for p in seen])
    near = np.average([p.mask for p in seen], axis=0, weights=sureness).astype(np.float32)
    box = np.average([p.box for p in seen], axis=0, weights=sureness)
    around = window(box, near.shape, OUTLINE_MARGIN)
    near[around] = settled(photo[rows, columns][around], near[around])
    near = with_feet(photo[rows, columns], near)
    box[3] = max(box[3], _bottom(near))
    together = replace(
        person,
        box=tuple(box.tolist()),
        confidence=float(sureness.sum() / LOOKS),
        mask=_placed(near, (rows, columns), size),
    )
    return _moved(together, columns.start, rows.start)


def _cut(box: Box, width: int) -> tuple[bool, bool]:
    """Whether the left or the right border of a photo cuts a person; not where both do."""
    left, right = box[0] <= AT_BORDER * width, box[2] >= (1 - AT_BORDER) * width
    return left and not right, right and not left


def _looks(
    photo: np.ndarray, person: Person, cut: tuple[bool, bool], look: Look
) -> Iterator[Person]:
    """The person again in each look that finds them, as they stand in ``photo``.

    Half a person at a border is hard to know for one. The photo mirrored beyond that border (left,
    right) makes a whole one of them.
    """
    size = photo.shape[:2]
    for margin in MARGINS:
        rows, columns = window(person.box, size, margin)
        part = photo[rows, columns]
        height, width = part.shape[:2]
        left, right = (width * side for side in cut)
        whole = cv2.copyMakeBorder(part, 0, 0, left, right, cv2.BORDER_REFLECT)
        straight, mirrored = look([whole, np.ascontiguousarray(whole[:, ::-1])])
        for found in (straight, [_mirrored(p) for p in mirrored]):
            inside = (_cropped(p, left, (height, width)) for p in found)
            moved = (_moved(p, columns.start, rows.start) for p in inside)
            sure = (p for p in moved if p.confidence >= SEEN)
            same = [p for p in sure if overlap(p.box, person.box) >= SAME_PERSON]
            if same:
                best = max(same, key=lambda p: p.confidence)
                yield replace(best, mask=_placed(best.mask, (rows, columns), size))


def window(box: Box, size: tuple[int, int], margin: float) -> Window:
    """Rows and columns of a box with some of what is around it, inside a photo of (H, W)."""
    x0, y0, x1, y1 = box
    reach = margin * max(x1 - x0, y1 - y0)
    rows = slice(max(int(y0 - reach), 0), min(int(np.ceil(y1 + reach)), size[0]))
    return rows, slice(max(int(x0 - reach), 0), min(int(np.ceil(x1 + reach)), size[1]))


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / (both - width * height)


def _same(a: Person, b: Person) -> bool:
    """Whether two masks of one photo show one person, or one of them a part of the other."""
    if overlap(a.box, b.box) == 0:
        return False
    one, other = a.mask > 0.5, b.mask > 0.5
    smaller = min(np.count_nonzero(one), np.count_nonzero(other))
    return np.count_nonzero(one & other) >= PART * max(smaller, 1)


def _bottom(mask: np.ndarray) -> int:
    """The row below the lowest of what is above one half; 0 where nothing is."""
    return int(np.flatnonzero((mask > 0.5).any(axis=1)).max(initial=-1)) + 1


def _moved(person: Person, right: int, down: int) -> Person:
    """The person with the box moved; the mask keeps the frame it has."""
    x0, y0, x1, y1 = person.box
    return replace(person, box=(x0 + right, y0 + down, x1 + right, y1 + down))


def _mirrored(person: Person) -> Person:
    width, (x0, y0, x1, y1) = person.mask.shape[1], person.box
    return replace(person, box=(width - x1, y0, width - x0, y1), mask=person.mask[:, ::-1])


def _cropped(person: Person, left: int, size: tuple[int, int]) -> Person:
    """The person as far as they lie in a part of (H, W), ``left`` columns further right."""
    x0, y0, x1, y1 = person.box
    box = (max(x0 - left, 0.0), y0, min(x1 - left, float(size[1])), y1)
    return replace(person, box=box, mask=person.mask[:, left : left + size[1]])


def _placed(part: np.ndarray, where: Window, size: tuple[int, int]) -> np.ndarray:
    """A part of a mask in its place in a mask of (H, W), which is else empty."""
    mask = np.zeros(size, np.float32)
    mask[where] = part
    return mask
