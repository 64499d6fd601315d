"""People and their photo to a cut-out: each one's alpha, all together, and their own colors."""

from collections.abc import Iterable, Sequence

import numpy as np

from bgswap.errors import BadInput
from bgswap.mask_ops import carried_outward, union
from bgswap.matting.base import Matter
from bgswap.matting.corrections import corrected
from bgswap.matting.foreground import foreground
from bgswap.matting.painted_people import assigned
from bgswap.types import Cutout, Person, Strokes


def cut_out(
    matter: Matter,
    photo: np.ndarray,
    people: Sequence[Person],
    others: Sequence[Person] = (),
    earlier: Cutout | None = None,
    strokes: Strokes | None = None,
) -> Cutout:
    """The people who stay, cut out of their photo.

    A keep stroke belongs to the person it touches most and goes when they go; outside the strokes'
    neighborhood no pixel of alpha changes.

    Args:
        matter: draws one person's alpha.
        photo: (H, W, 3) uint8 RGB.
        people: who stays, at least one.
        others: who was found and goes: none of their pixels is kept.
        earlier: a cut-out of the same people of the same photo; what it has is not made again.
        strokes: what was painted to correct it.

    Raises:
        BadInput: the strokes or the earlier cut-out do not fit the photo, or nothing is left.
    """
    strokes = strokes or Strokes()
    if earlier and earlier.photo is not photo and not np.array_equal(earlier.photo, photo):
        raise BadInput("The cut-out that is to be used again is of another photo")
    same = earlier and _same(earlier.kept, people) and _same(earlier.others, others)
    if earlier and same and earlier.strokes.same(strokes):
        return earlier
    everyone = (*people, *others)
    mattes: list[Person] = []
    known = _known(everyone, earlier)
    for person in people:
        if id(person) not in known:
            # Everybody's masks count, whoever of them stays: a matte outlives a toggle.
            theirs = (p for p in everyone if p is not person and not p.painted)
            drawn = matter.matte(photo, person.mask, union(theirs, photo.shape[:2]))
            known[id(person)] = Person(person.number, person.box, person.confidence, drawn)
        mattes.append(known[id(person)])
    alpha = np.zeros(photo.shape[:2], np.float32)
    fixed = tuple(_with_strokes(photo, mattes, others, strokes))
    for matte in fixed:
        rows, columns, part = matte.cropped
        alpha[rows, columns] += part
    # In the 256 levels that a file holds, so that opaque there is opaque here, to the pixel.
    alpha = np.rint(alpha.clip(0, 1) * 255) / np.float32(255)
    if not alpha.any():
        raise BadInput("Nothing of the kept people is left: take back some of what removes")
    own = carried_outward(foreground(photo, alpha), alpha)
    kept, gone = tuple(people), tuple(others)
    return Cutout(photo, kept, gone, tuple(mattes), alpha, own, strokes, fixed)


def _found(people: Sequence[Person]) -> set[int]:
    """Those whose masks count for the others' mattes."""
    return {id(person) for person in people if not person.painted}


def _with_strokes(
    photo: np.ndarray, mattes: Sequence[Person], others: Sequence[Person], strokes: Strokes
) -> Iterable[Person]:
    if strokes.keep is None and strokes.remove is None:
        return mattes
    own, _ = assigned(photo, [*mattes, *others], strokes.keep)
    pairs = zip(mattes, own, strict=False)
    return (m.with_mask(corrected(photo, m.mask, keep, strokes.remove)) for m, keep in pairs)


def _same(some: Sequence[Person], others: Sequence[Person]) -> bool:
    """Whether they are the very same objects: a corrected person is another one."""
    return [id(p) for p in some] == [id(p) for p in others]


def _known(people: Sequence[Person], earlier: Cutout | None) -> dict[int, Person]:
    """The mattes that need not be made, by the identity of the person."""
    known = {id(person): person for person in people if person.painted}
    if earlier and _found(people) == _found(earlier.people):
        known |= {id(p): m for p, m in zip(earlier.kept, earlier.mattes, strict=True)}
    return known
