"""Cut-out of people from a photo: each one's alpha, their union, and the foreground colors."""

from collections.abc import Iterable, Sequence

import numpy as np

from bgswap.errors import BadInput
from bgswap.io.exposure import brightened
from bgswap.mask_ops import bleed_edge_colors, union
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
    """The kept people, cut out of their photo.

    A keep stroke is assigned to the person that it overlaps most, and has no effect where that
    person is removed; beyond the strokes' reach alpha does not change.

    Args:
        matter: computes one person's alpha.
        photo: (H, W, 3) uint8 RGB.
        people: the people to keep, at least one.
        others: the people to remove: none of their pixels is kept.
        earlier: a cut-out of the same photo; its mattes are reused where they still hold.
        strokes: painted corrections.

    Raises:
        BadInput: the strokes or the earlier cut-out do not fit the photo, or no pixel is left.
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
    shown = photo if all(id(person) in known for person in people) else brightened(photo)
    for person in people:
        if id(person) not in known:
            # All others' masks, kept or removed, so that a matte can be reused for another choice.
            theirs = (p for p in everyone if p is not person and not p.painted)
            drawn = matter.matte(shown, person.mask, union(theirs, photo.shape[:2]))
            known[id(person)] = Person(person.number, person.box, person.confidence, drawn)
        mattes.append(known[id(person)])
    alpha = np.zeros(photo.shape[:2], np.float32)
    fixed = tuple(_with_strokes(photo, mattes, others, strokes))
    for matte in fixed:
        rows, columns, part = matte.cropped
        alpha[rows, columns] += part
    # Quantized to 8 bits as in a file, so that both have the same opaque pixels.
    alpha = np.rint(alpha.clip(0, 1) * 255) / np.float32(255)
    if not alpha.any():
        raise BadInput("Nothing of the kept people is left: take back some of what removes")
    own = bleed_edge_colors(foreground(photo, alpha), alpha)
    kept, gone = tuple(people), tuple(others)
    return Cutout(photo, kept, gone, tuple(mattes), alpha, own, strokes, fixed)


def _found(people: Sequence[Person]) -> set[int]:
    """The identities of the detected people, whose masks are input of the others' mattes."""
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
    """Whether both hold the same objects: a person with another mask is another object."""
    return [id(p) for p in some] == [id(p) for p in others]


def _known(people: Sequence[Person], earlier: Cutout | None) -> dict[int, Person]:
    """The mattes that can be reused, by the identity of the person."""
    known = {id(person): person for person in people if person.painted}
    if earlier and _found(people) == _found(earlier.people):
        known |= {id(p): m for p, m in zip(earlier.kept, earlier.mattes, strict=True)}
    return known
