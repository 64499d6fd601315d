"""What a detector of people is, and the order in which people are numbered."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from bgswap.types import Person, as_box


class Detector(Protocol):
    """Finds the people in a photo.

    Attributes:
        judges: its masks and confidences are final; else the matting network draws and judges.
    """

    judges: bool

    def detect(self, photo: np.ndarray) -> list[Person]:
        """Candidates in a photo (H, W, 3) uint8 RGB, with rough masks; may be empty."""
        ...


def left_to_right(people: Iterable[Person]) -> list[Person]:
    """The same people, numbered from 1 by the middles of their boxes."""
    ordered = sorted(people, key=lambda person: person.box[0] + person.box[2])
    return [replace(person, number=n) for n, person in enumerate(ordered, start=1)]


def enlarged(person: Person, size: tuple[int, int]) -> Person:
    """A person found in a smaller picture of a photo of ``size`` (H, W)."""
    height, width = person.size
    if (height, width) == size:
        return person
    scale = (size[1] / width, size[0] / height) * 2
    box = as_box(round(v * s, 1) for v, s in zip(person.box, scale, strict=True))
    mask = cv2.resize(person.mask, size[::-1], interpolation=cv2.INTER_LINEAR).clip(0, 1)
    return replace(person, box=box, mask=mask)
