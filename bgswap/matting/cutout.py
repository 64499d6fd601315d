"""People and their photo to a cut-out: each one's alpha, all together, and their own colors."""

from collections.abc import Sequence

import numpy as np

from bgswap.mask_ops import union
from bgswap.matting.base import Matter
from bgswap.matting.foreground import foreground
from bgswap.types import Cutout, Person


def cut_out(
    matter: Matter,
    photo: np.ndarray,
    people: Sequence[Person],
    others: Sequence[Person] = (),
    earlier: Cutout | None = None,
) -> Cutout:
    """The people who stay, cut out of their photo.

    Args:
        matter: draws one person's alpha.
        photo: (H, W, 3) uint8 RGB.
        people: who stays, at least one.
        others: who was found and goes: none of their pixels is kept.
        earlier: a cut-out of the same people of the same photo; what it has is not made again.
    """
    if earlier and _same(earlier.kept, people) and _same(earlier.others, others):
        return earlier
    mattes = _mattes(matter, photo, people, others, earlier)
    alpha = np.zeros(photo.shape[:2], np.float32)
    for matte in mattes:
        rows, columns, part = matte.cropped
        alpha[rows, columns] += part
    # In the 256 levels that a file holds, so that opaque there is opaque here, to the pixel.
    alpha = np.rint(alpha.clip(0, 1) * 255) / np.float32(255)
    own = foreground(photo, alpha)
    return Cutout(photo, tuple(people), tuple(others), tuple(mattes), alpha, own)


def _same(some: Sequence[Person], others: Sequence[Person]) -> bool:
    """Whether they are the very same objects: a corrected person is another one."""
    return [id(p) for p in some] == [id(p) for p in others]


def _mattes(
    matter: Matter,
    photo: np.ndarray,
    people: Sequence[Person],
    others: Sequence[Person],
    earlier: Cutout | None,
) -> list[Person]:
    """Each person's own alpha: it depends on everybody's mask, not on who of them stays."""
    everyone = (*people, *others)
    known: dict[int, Person] = {}
    if earlier and {id(p) for p in everyone} == {id(p) for p in earlier.people}:
        known = {id(p): m for p, m in zip(earlier.kept, earlier.mattes, strict=True)}
    mattes = []
    for person in people:
        if id(person) not in known:
            rest = union((p for p in everyone if p is not person), photo.shape[:2])
            alpha = matter.matte(photo, person.mask, rest)
            known[id(person)] = Person(person.number, person.box, person.confidence, alpha)
        mattes.append(known[id(person)])
    return mattes
