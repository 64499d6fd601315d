"""People and cut-outs of the photos that are open on the page, so that each is made once."""

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from bgswap.types import Cutout, Person

Known = Cutout | list[Person]


class PhotoCache:
    """The people or the cut-out of each photo, the least recently used forgotten first.

    Args:
        most_bytes: how much memory all of them may take.
    """

    def __init__(self, most_bytes: float = 1e9) -> None:
        self.most_bytes = most_bytes
        self._known: OrderedDict[Path, Known] = OrderedDict()
        self._lock = Lock()

    def get(self, photo: Path) -> Known | None:
        """What is known of a photo; None: nothing, or no longer."""
        with self._lock:
            if photo in self._known:
                self._known.move_to_end(photo)
            return self._known.get(photo)

    def put(self, photo: Path, known: Known) -> None:
        """Remember what is known of a photo, and forget photos that were deleted."""
        with self._lock:
            for deleted in [path for path in self._known if not path.exists()]:
                del self._known[deleted]
            self._known[photo] = known
            self._known.move_to_end(photo)
            while len(self._known) > 1 and sum(map(_size, self._known.values())) > self.most_bytes:
                self._known.popitem(last=False)

    def join(self, photo: Path, splits: Sequence[tuple[int, int]]) -> None:
        """Make people one again who were split.

        Args:
            photo: the picture file.
            splits: pairs of numbers, in the order of the splits; the second goes.
        """
        known = self.get(photo)
        if known is None or not splits:
            return
        people = {p.number: p for p in (known.people if isinstance(known, Cutout) else known)}
        for first, second in reversed(splits):
            if first in people and second in people:
                masks = people[first].mask, people.pop(second).mask
                people[first] = people[first].with_mask(np.maximum(*masks))
        self.put(photo, list(people.values()))


def _size(known: Known) -> int:
    """Bytes in memory."""
    if isinstance(known, Cutout):
        drawn = (known.photo, known.alpha, known.foreground)
        painted = (known.strokes.keep, known.strokes.remove)
        arrays = sum(array.nbytes for array in (*drawn, *painted) if array is not None)
        return arrays + _masks([*known.people, *known.mattes, *known.fixed])
    return _masks(known)


def _masks(people: Sequence[Person]) -> int:
    return sum(person.cropped[2].nbytes for person in people)
