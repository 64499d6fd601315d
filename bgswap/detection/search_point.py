"""A click on a person who was missed: the detector runs on crops around the point."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from bgswap.detection.mask_nms import SAME, shared
from bgswap.detection.tiles import Detect, detect_in_window
from bgswap.errors import BadInput
from bgswap.mask_ops import Window
from bgswap.types import Person

# x and y in pixels of the photo.
Point = tuple[float, float]
# Takes a photo and a point; gives what is there, person or not, see Segmenter.segment.
Segment = Callable[[np.ndarray, Point], Person | None]


@dataclass(frozen=True)
class SearchConfig:
    """Crops and thresholds of the search at a point; chosen on people that the starter missed."""

    # Sides of the crops, in shorter sides of the photo, and their least side in pixels.
    sides: tuple[float, ...] = (1.0, 0.55, 0.3)
    least: int = 96
    # Least confidence, low because the user says that a person is there; and the one from which
    # smaller crops are not searched.
    threshold: float = 0.15
    sure: float = 0.6
    # Factors on the confidence of a person cut off by the crop, and of one beside the point.
    cut_off: float = 0.5
    beside: float = 0.5
    # Farthest that a mask may be from the point, in sides of the crop.
    miss: float = 0.02
    # A box nearer than this to a crop's border is cut off there, in pixels.
    border: float = 3.0
    # Split: how much more a step across than one down counts, people standing side by side, and how
    # much a step across the strongest edge.
    across: float = 2.0
    edge: float = 20.0
    # And how much a step outside the mask; the least share of the mask that those found must cover.
    outside: float = 1e4
    covered: float = 0.7


def search_point(
    photo: np.ndarray,
    point: Point,
    people: Sequence[Person],
    detect: Detect,
    config: SearchConfig | None = None,
    segment: Segment | None = None,
) -> Person | None:
    """The person at a point, where none was found before, or the object there.

    Args:
        photo: (H, W, 3) uint8 RGB.
        point: x and y in pixels.
        people: found before; none of them is returned.
        detect: finds people in a picture.
        segment: segments an object; used where the detector is not sure of a person.

    Returns:
        The person, numbered after the others, with a mask at photo size; None where none is found,
        or the point is on the mask of one of ``people``.

    Raises:
        BadInput: the point is not in the photo.
    """
    config = config or SearchConfig()
    _check(point, photo.shape)
    if any(_at(person.mask, point) > 0.5 for person in people):
        return None
    best = _best(photo, point, people, (), detect, config)
    if segment is not None and (best is None or best.confidence < config.sure):
        best = segment(photo, point) or best
    number = max((person.number for person in people), default=0) + 1
    return replace(best, number=number) if best else None


def split(
    photo: np.ndarray,
    person: Person,
    points: Sequence[Point],
    detect: Detect | None = None,
    config: SearchConfig | None = None,
) -> list[Person]:
    """The people under one mask, one for each point.

    Each point is searched for a person whose mask holds that point alone. Where that fails, the
    mask is divided: each pixel goes to the point with the smallest geodesic distance inside the
    mask, with a higher cost across image edges.

    Args:
        photo: (H, W, 3) uint8 RGB.
        person: whose mask is divided.
        points: x and y in pixels, two or more, on the mask.
        detect: finds people in a picture; None divides the mask only.

    Returns:
        One each, in the order of the points: the first has the person's number, the others 0.

    Raises:
        BadInput: there are fewer than two points, or one is not on the mask.
    """
    config = config or SearchConfig()
    if len(points) < 2:
        raise BadInput("Click on each of the two people")
    for point in points:
        _check(point, photo.shape)
        if _at(person.mask, point) <= 0.5:
            raise BadInput("Click on both people inside the outline that they share")
    masks = _searched(photo, person, points, detect, config) if detect else None
    masks = masks or _divided(photo, person, points, config)
    parts = [person.with_mask(own) for own in masks]
    return [replace(part, number=0 if i else person.number) for i, part in enumerate(parts)]


def _searched(
    photo: np.ndarray, person: Person, points: Sequence[Point], detect: Detect, config: SearchConfig
) -> list[np.ndarray] | None:
    """A detected mask for each point; None unless each point has a person of its own."""
    found: list[Person] = []
    for i, point in enumerate(points):
        others = [*points[:i], *points[i + 1 :]]
        one = _best(photo, point, found, others, detect, config)
        if one is None:
            return None
        found.append(one)
    masks = np.stack([one.mask for one in found])
    owner = masks.argmax(axis=0)
    inside = person.mask * (masks.max(axis=0) > 0.5)
    if np.count_nonzero(inside > 0.5) < config.covered * np.count_nonzero(person.mask > 0.5):
        return None
    return [np.where(owner == i, person.mask, np.float32(0)) for i in range(len(points))]


def _best(
    photo: np.ndarray,
    point: Point,
    people: Sequence[Person],
    others: Sequence[Point],
    detect: Detect,
    config: SearchConfig,
) -> Person | None:
    """The likeliest new person at a point and at none of the other points."""
    best, most = None, 0.0
    for side in config.sides:
        window = _window(point, photo.shape, side, config)
        for person, is_whole in detect_in_window(photo, window, detect, config.border):
            score = person.confidence * (1.0 if is_whole else config.cut_off)
            score *= 1.0 if _at(person.mask, point) > 0.5 else config.beside
            if person.confidence < config.threshold or score <= most:
                continue
            near = _distance(person, point) <= config.miss * min(window[2:])
            elsewhere = any(_at(person.mask, other) > 0.5 for other in others)
            known = any(shared(person, other) > SAME for other in people)
            if near and not elsewhere and not known:
                best, most = person, score
        if most >= config.sure:
            break
    return best


def _divided(
    photo: np.ndarray, person: Person, points: Sequence[Point], config: SearchConfig
) -> list[np.ndarray]:
    """The person's mask divided by geodesic distance from the points."""
    from skimage.graph import MCP_Geometric

    rows, columns, crop = person.cropped
    picture = cv2.GaussianBlur(photo[rows, columns], (0, 0), 2).astype(np.float32)
    slopes = [cv2.Sobel(picture, cv2.CV_32F, *order) for order in ((1, 0), (0, 1))]
    slope = np.hypot(*slopes).max(axis=2)
    cost = 1 + config.edge * slope / max(float(slope.max()), 1e-6)
    cost[crop <= 0.5] = config.outside
    starts = [(int(y) - rows.start, int(x) - columns.start) for x, y in points]
    far = [
        MCP_Geometric(cost, sampling=(1.0, config.across)).find_costs([start])[0]
        for start in starts
    ]
    owner = np.full(person.size, -1)
    owner[rows, columns] = np.argmin(far, axis=0)
    return [np.where(owner == i, person.mask, np.float32(0)) for i in range(len(points))]


def _window(point: Point, size: tuple[int, ...], side: float, config: SearchConfig) -> Window:
    """A square around a point, pushed into the photo where it can be."""
    longest = min(size[:2])
    length = min(max(round(side * longest), config.least), longest)
    left, top = (
        min(max(round(place - length / 2), 0), most - length)
        for place, most in zip(point, (size[1], size[0]), strict=True)
    )
    return left, top, length, length


def _distance(person: Person, point: Point) -> float:
    """How far a point is from a person's mask, in pixels."""
    rows, columns, crop = person.cropped
    ys, xs = np.nonzero(crop > 0.5)
    if not ys.size:
        return float("inf")
    far = np.hypot(xs + columns.start - int(point[0]), ys + rows.start - int(point[1]))
    return float(far.min())


def _at(mask: np.ndarray, point: Point) -> float:
    """What a mask (H, W) is at a point in it."""
    return float(mask[int(point[1]), int(point[0])])


def _check(point: Point, size: tuple[int, ...]) -> None:
    x, y = point
    if not (0 <= x < size[1] and 0 <= y < size[0]):
        raise BadInput(f"The point {x:g}, {y:g} is not in the photo of {size[1]}×{size[0]} pixels")
