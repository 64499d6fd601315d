"""Photos of one person with their masks, the material of composed pictures."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from bgswap.types import Person
from training.common.data import PictureArchive, people_names, read_person

# Maximum ratio of width to height of one standing person, and of a portrait.
WIDEST, WIDEST_PORTRAIT = 0.85, 1.6
SMALLEST_PERSON = 24
# A bystander is a detection with at least this confidence and at most that share on the mask.
PASSER_BY, MASKED_SHARE = 0.3, 0.25


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo of one person with a mask.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8, 255 is the person.
        box: x0, y0, x1, y1 of the person in pixels.
        portrait: the photo ends at the chest.
        alone: no bystander without a mask was detected.
    """

    image: np.ndarray
    alpha: np.ndarray
    box: tuple[int, int, int, int]
    portrait: bool
    alone: bool = True

    @property
    def cutout(self) -> tuple[np.ndarray, np.ndarray]:
        """Image and alpha, cropped to the person's box."""
        x0, y0, x1, y1 = self.box
        return self.image[y0:y1, x0:x1], self.alpha[y0:y1, x0:x1]


def single_person(image: np.ndarray, alpha: np.ndarray, portrait: bool) -> Photo | None:
    """The photo as a :class:`Photo`, or None where its mask probably shows several people or none.

    Args:
        image: (H, W, 3) uint8 RGB.
        alpha: (H, W) uint8, 255 is person.
        portrait: the photo ends at the chest.
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 127).astype(np.uint8))
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    best = 1 + int(areas.argmax())
    x, y, w, h = (int(v) for v in stats[best, :4])
    widest = WIDEST_PORTRAIT if portrait else WIDEST
    if areas.max() < 0.9 * areas.sum() or min(w, h) < SMALLEST_PERSON or w > widest * h:
        return None
    near = cv2.dilate((labels == best).astype(np.uint8), np.ones((5, 5), np.uint8))
    return Photo(image, alpha * near, (x, y, x + w, y + h), portrait)


def alone(photo: Photo, find: Callable[[np.ndarray], list[Person]]) -> Photo:
    """The photo with ``alone`` set to whether ``find`` detects no bystanders."""
    masked = photo.alpha > 127

    def passes_by(person: Person) -> bool:
        body = person.mask > 0.5
        theirs = np.count_nonzero(masked & body) >= MASKED_SHARE * np.count_nonzero(body)
        return person.confidence >= PASSER_BY and not theirs

    return replace(photo, alone=not any(map(passes_by, find(photo.image))))


def load_photos(archive: PictureArchive, part: str) -> list[Photo]:
    """The photos of one person in ``part`` of a people archive, a mask beside each."""
    photos = []
    for stem in people_names(archive, part):
        name = stem.rsplit("/", 1)[-1]
        photo = single_person(*read_person(archive, stem), portrait=name.startswith("portrait"))
        if photo is not None:
            photos.append(photo)
    return photos


def resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """An image or alpha, uint8, at that size: averaged down or interpolated up."""
    shrinks = height * width < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(np.ascontiguousarray(image), (width, height), interpolation=method)


def turned(image: np.ndarray, alpha: np.ndarray, degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """A cut-out, (H, W, 3) and (H, W) uint8, turned counterclockwise, uncropped."""
    height, width = alpha.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = int(width * cosine + height * sine), int(width * sine + height * cosine)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    image, alpha = np.ascontiguousarray(image), np.ascontiguousarray(alpha)
    return cv2.warpAffine(image, matrix, size), cv2.warpAffine(alpha, matrix, size)
