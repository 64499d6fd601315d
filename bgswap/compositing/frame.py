"""The output canvas, and the place of the photo in it."""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Frame:
    """The output canvas, and the place of the photo in it.

    Attributes:
        size: (H, W) of the canvas, in pixels.
        photo: (H, W) of the photo, in pixels.
        placed: (H, W) of the photo in the canvas: equal to ``photo`` where the scale is 1.
        top, left: where the placed photo begins in the canvas; negative where it is cropped.
        notes: a sentence for each request that was not fully met.
    """

    size: tuple[int, int]
    photo: tuple[int, int]
    placed: tuple[int, int]
    top: int = 0
    left: int = 0
    notes: tuple[str, ...] = ()

    @property
    def scale(self) -> float:
        """Pixels of the canvas for one of the photo."""
        return self.placed[1] / self.photo[1]

    @property
    def covered(self) -> tuple[slice, slice]:
        """Rows and columns of the canvas that the photo covers."""
        rows, columns = (
            slice(max(start, 0), min(start + length, side))
            for start, length, side in zip(
                (self.top, self.left), self.placed, self.size, strict=True
            )
        )
        return rows, columns

    @property
    def is_photo(self) -> bool:
        """Whether the canvas is the photo, pixel for pixel."""
        return self.size == self.photo == self.placed and self.top == self.left == 0


def covering_frame(frame: Frame) -> Frame:
    """A frame with the same canvas in which the photo covers all of it.

    For a background made from the photo itself: where the photo would leave a gap, it is enlarged,
    and moved as little as possible.
    """
    factor = max(1.0, *(side / own for side, own in zip(frame.size, frame.placed, strict=True)))
    placed = tuple(ceil(own * factor - 1e-6) for own in frame.placed)
    top, left = (
        min(max(round(start + (own - larger) / 2), side - larger), 0)
        for start, own, larger, side in zip(
            (frame.top, frame.left), frame.placed, placed, frame.size, strict=True
        )
    )
    return Frame(frame.size, frame.photo, (placed[0], placed[1]), top, left)
