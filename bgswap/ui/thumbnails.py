"""The people of a photo at display size: outlines, tiles, and who is at a clicked point."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.io.images import fit_within, resize
from bgswap.types import Person

LONGEST_SHOWN = 1024
CUTOUT_SIDE = 320
CLICK_REACH = 0.02
HALF = 0.5


@dataclass(frozen=True, eq=False)
class Figure:
    """One person as a page shows them: small enough to keep for a whole session.

    Attributes:
        number: 1, 2, 3... from left to right.
        confidence: the detector's, in [0, 1].
        contours: closed lines around the person, (N, 1, 2) int32 pixels (x, y) of the shown photo.
        cutout: (h, w, 4) uint8 RGBA, the person alone, at most 320 pixels a side.
    """

    number: int
    confidence: float
    contours: tuple[np.ndarray, ...]
    cutout: np.ndarray

    @property
    def area(self) -> float:
        """Pixels of the shown photo inside the contours."""
        return sum(cv2.contourArea(contour) for contour in self.contours)


@dataclass(frozen=True, eq=False)
class Sketch:
    """A photo and its people at the size they are shown.

    Attributes:
        photo: (h, w, 3) uint8 RGB, at most 1024 pixels a side.
        figures: its people, from left to right.
    """

    photo: np.ndarray
    figures: tuple[Figure, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Everyone's number, from left to right."""
        return tuple(figure.number for figure in self.figures)


def sketch(photo: np.ndarray, people: Sequence[Person]) -> Sketch:
    """Reduce a photo and its people to what a page needs to show them.

    Args:
        photo: (H, W, 3) uint8 RGB.
        people: found in it, masks (H, W) float32 in [0, 1].
    """
    shown = fit_within(photo, longest=LONGEST_SHOWN)
    size = (shown.shape[1], shown.shape[0])
    figures = [
        Figure(
            number=person.number,
            confidence=person.confidence,
            contours=_contours(resize(person.mask, size)),
            cutout=cut_out(photo, person, longest=CUTOUT_SIDE),
        )
        for person in people
    ]
    return Sketch(shown, tuple(figures))


def _contours(mask: np.ndarray) -> tuple[np.ndarray, ...]:
    inside = (cv2.GaussianBlur(mask, (5, 5), 0) > HALF).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    # Specks would be outlined larger than they are.
    least = 0.01 * max((cv2.contourArea(contour) for contour in contours), default=0.0)
    return tuple(contour for contour in contours if cv2.contourArea(contour) >= least)


def cut_out(photo: np.ndarray, person: Person, longest: int | None = None) -> np.ndarray:
    """One person alone, cropped with a small margin.

    Args:
        photo: (H, W, 3) uint8 RGB.
        person: with a mask (H, W) float32 in [0, 1].
        longest: maximum of either side of the result in pixels; None: as large as in the photo.

    Returns:
        (h, w, 4) uint8 RGBA with nothing of the background in it: RGB is 0 where alpha is, and the
        person's own color in the soft edge.
    """
    from bgswap.compositing import blend
    from bgswap.matting.foreground import foreground

    height, width = photo.shape[:2]
    x0, y0, x1, y1 = person.box
    margin = 0.04 * max(x1 - x0, y1 - y0)
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    right, bottom = min(width, int(x1 + margin) + 1), min(height, int(y1 + margin) + 1)
    window = np.s_[top:bottom, left:right]
    part, mask = (fit_within(a[window], longest=longest) for a in (photo, person.mask))
    # In the 256 levels of a file, so that what is transparent there is so here.
    alpha = np.rint(mask * 255) / np.float32(255)
    return blend.cutout(foreground(part, alpha), alpha)


def person_at(figures: Sequence[Figure], x: float, y: float, reach: float = 0.0) -> int | None:
    """Who is at a point of the shown photo.

    Args:
        figures: the people.
        x: from the left, in pixels.
        y: from the top, in pixels.
        reach: how far outside an outline a click still counts, in pixels.

    Returns:
        The number of the smallest person around the point, else of the nearest within reach,
        else None.
    """
    distances = {
        figure: max(
            (
                cv2.pointPolygonTest(contour, (float(x), float(y)), True)
                for contour in figure.contours
            ),
            default=-np.inf,
        )
        for figure in figures
    }
    around = [figure for figure, distance in distances.items() if distance >= 0]
    if around:
        return min(around, key=lambda figure: figure.area).number
    near = [figure for figure, distance in distances.items() if distance >= -reach]
    return max(near, key=distances.__getitem__).number if near else None
