"""Synthetic training masks: drawn figures, augmentation, and damage that imitates detectors.

All randomness comes from the numpy generator that is passed in, so that a seed determines a mask.
Sizes are relative to the canvas or the person.
"""

import cv2
import numpy as np

from bgswap.detection.mask_squares import square_crop
from bgswap.types import Box


def smooth_noise(rng: np.random.Generator, cells: int, side: int) -> np.ndarray:
    """(side, side) float32 of about unit variance, with bumps of ``side / cells`` pixels."""
    coarse = rng.standard_normal((cells + 3, cells + 3), dtype=np.float32)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)


def put_spot(
    mask: np.ndarray, centre: tuple[int, int], radius: float, value: float, rng: np.random.Generator
) -> None:
    """Fill an irregular spot of a mask (H, W), in place; ``centre`` (x, y) and radius in pixels."""
    stretch, angle = np.exp(rng.normal(0, 0.3)), rng.uniform(0, np.pi)
    reach = int(1.6 * radius * max(stretch, 1 / stretch)) + 2
    left, top = max(centre[0] - reach, 0), max(centre[1] - reach, 0)
    part = mask[top : centre[1] + reach + 1, left : centre[0] + reach + 1]
    y, x = np.ogrid[: part.shape[0], : part.shape[1]]
    x, y = x + left - centre[0], y + top - centre[1]
    along = (x * np.cos(angle) + y * np.sin(angle)) / (radius * stretch)
    across = (y * np.cos(angle) - x * np.sin(angle)) * stretch / radius
    bumps = smooth_noise(rng, 6, 2 * reach + 1)[: part.shape[0], : part.shape[1]]
    part[along**2 + across**2 < 1 + 0.35 * bumps] = value


def draw(rng: np.random.Generator, canvas: int) -> np.ndarray:
    """A drawn clean mask: (canvas, canvas) float32 in [0, 1], edges about one pixel soft.

    Mostly a body-like figure, sometimes two, sometimes simple shapes.
    """
    big = np.zeros((2 * canvas, 2 * canvas), np.uint8)
    kind = rng.random()
    if kind < 0.7:
        for _ in range(1 + (kind < 0.12)):
            _draw_figure(big, rng)
    else:
        for _ in range(rng.integers(1, 4)):
            _draw_shape(big, rng)
    big = cv2.GaussianBlur(big, (0, 0), canvas * rng.uniform(0.003, 0.012))
    return cv2.resize(big, (canvas, canvas), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _draw_shape(picture: np.ndarray, rng: np.random.Generator) -> None:
    """An ellipse or a rounded polygon anywhere in the picture."""
    side = picture.shape[0]
    centre = rng.uniform(0.3, 0.7, 2) * side
    if rng.random() < 0.4:
        axes = rng.uniform(0.08, 0.33, 2) * side
        box = (tuple(centre), tuple(2 * axes), rng.uniform(0, 180))
        cv2.ellipse(picture, box, 255, -1, cv2.LINE_AA)
        return
    angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(4, 10)))
    reach = rng.uniform(0.12, 0.38, angles.size) * side
    points = centre + reach[:, None] * np.stack([np.cos(angles), np.sin(angles)], 1)
    outline = points.astype(np.int32)
    cv2.fillPoly(picture, [outline], 255, cv2.LINE_AA)
    cv2.polylines(picture, [outline], True, 255, int(side * rng.uniform(0.01, 0.08)), cv2.LINE_AA)


def _draw_figure(picture: np.ndarray, rng: np.random.Generator) -> None:
    """Head, hair, trunk, arms, legs and perhaps a skirt or a bag, in proportions of a person."""
    side = picture.shape[0]
    # Close portraits show the upper part of the body, full figures all of it.
    size = side * rng.choice([rng.uniform(0.7, 0.95), rng.uniform(1.2, 2.2)])
    foot = np.array([side * rng.uniform(0.35, 0.65), side * rng.uniform(0.05, 0.12) + size])
    lean = rng.normal(0, 0.06)

    def at(x: float, height: float) -> np.ndarray:
        """A point of the body: x from its middle, height 0 (feet) to 1 (crown)."""
        return foot + size * np.array([x + lean * height, -height])

    def limb(points: list[np.ndarray], widths: list[float]) -> None:
        pairs = zip(points, points[1:], widths, strict=False)
        for start, end, width in pairs:
            thick = max(2, int(width * size))
            cv2.line(picture, start.astype(int), end.astype(int), 255, thick, cv2.LINE_AA)

    shoulder, waist, hip = rng.uniform(0.09, 0.13), rng.uniform(0.06, 0.1), rng.uniform(0.075, 0.11)
    trunk = [(-shoulder, 0.82), (shoulder, 0.82), (waist, 0.64), (hip, 0.5), (-hip, 0.5)]
    trunk.append((-waist, 0.64))
    cv2.fillPoly(picture, [np.int32([at(*p) for p in trunk])], 255, cv2.LINE_AA)
    limb([at(0, 0.8), at(0, 0.9)], [rng.uniform(0.045, 0.075)])
    head = (tuple(at(0, 0.925)), (size * rng.uniform(0.09, 0.12), size * 0.145), rng.normal(0, 8))
    cv2.ellipse(picture, head, 255, -1, cv2.LINE_AA)
    for way in (-1, 1):
        elbow = at(way * rng.uniform(0.1, 0.24), rng.uniform(0.6, 0.72))
        hand = elbow + size * rng.uniform(0.1, 0.17) * _direction(rng.uniform(-1.2, 1.9), way)
        arm = rng.uniform(0.035, 0.055)
        limb([at(way * (shoulder - 0.015), 0.8), elbow, hand], [arm, 0.8 * arm])
        knee = at(way * rng.uniform(0.02, 0.12), rng.uniform(0.24, 0.31))
        leg = rng.uniform(0.05, 0.085)
        foot_at = at(way * rng.uniform(0.01, 0.16), rng.uniform(0.0, 0.06))
        limb(
            [at(way * 0.05, 0.5), knee, foot_at, foot_at + np.array([way * size * 0.035, 0])],
            [leg, leg, leg],
        )
    if rng.random() < 0.35:
        hem, low = rng.uniform(0.08, 0.2), rng.uniform(0.08, 0.38)
        skirt = [(-waist, 0.62), (waist, 0.62), (hem, low), (-hem, low)]
        cv2.fillPoly(picture, [np.int32([at(*p) for p in skirt])], 255, cv2.LINE_AA)
    if rng.random() < 0.35:
        bag = at(rng.choice([-1, 1]) * rng.uniform(0.08, 0.18), rng.uniform(0.4, 0.65))
        box = (tuple(bag), tuple(size * rng.uniform(0.06, 0.16, 2)), rng.uniform(-20, 20))
        cv2.fillPoly(picture, [np.int32(cv2.boxPoints(box))], 255, cv2.LINE_AA)
    if rng.random() < 0.4:
        hair = (tuple(at(0, 0.91)), tuple(size * rng.uniform((0.11, 0.15), (0.17, 0.3))), 0)
        cv2.ellipse(picture, hair, 255, -1, cv2.LINE_AA)


def _direction(angle: float, way: int) -> np.ndarray:
    """A unit vector: 0 is down, growing outwards on the side of the body ``way``."""
    return np.array([way * np.sin(angle), np.cos(angle)])


def mask_box(mask: np.ndarray) -> Box:
    """The box (x0, y0, x1, y1) around what is above one half of a mask (H, W) in [0, 1].

    Raises:
        ValueError: nothing is.
    """
    x, y, width, height = cv2.boundingRect((mask > 0.5).astype(np.uint8))
    if not width:
        raise ValueError("the mask is empty")
    return float(x), float(y), float(x + width), float(y + height)


def move(mask: np.ndarray, rng: np.random.Generator, canvas: int) -> np.ndarray:
    """A mask (H, W) float32 randomly rotated, mirrored, scaled and shifted onto a canvas.

    Sometimes a part of it lies outside, as with a person at the border of a photo.
    """
    x0, y0, x1, y1 = mask_box(mask)
    scale = canvas * rng.uniform(0.6, 0.95) / max(x1 - x0, y1 - y0)
    if rng.random() < 0.25:
        scale *= rng.uniform(1.1, 2.0)
    turn = np.deg2rad(rng.normal(0, 8))
    matrix = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    if rng.random() < 0.5:
        matrix[:, 0] *= -1
    shift = canvas * (0.5 + rng.normal(0, 0.04, 2)) - matrix @ [(x0 + x1) / 2, (y0 + y1) / 2]
    moved = cv2.warpAffine(mask, np.column_stack([matrix, shift]), (canvas, canvas))
    return moved if (moved > 0.5).any() else square_crop(mask, mask_box(mask), canvas)


def damage(mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, Box]:
    """Damage a mask as a detector might.

    Args:
        mask: (side, side) float32 in [0, 1], clean.
        rng: random generator.

    Returns:
        The damaged mask, (side, side) float32, and the detector's box (x0, y0, x1, y1) in pixels.
        Mostly a binary mask, sometimes a soft one, rarely the undamaged one.
    """
    box = mask_box(mask)
    if rng.random() < 0.05:
        return mask.copy(), box
    size = max(box[2] - box[0], box[3] - box[1])
    known = _coarse(mask, size, rng)
    known = _spots(known, mask, size, rng)
    box = _moved_box(box, rng)
    inside = np.zeros_like(known)
    x0, y0, x1, y1 = (round(v) for v in box)
    inside[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = 1
    known *= inside
    return (known, box) if (known > 0.5).any() else (mask.copy(), mask_box(mask))


def _coarse(mask: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """The mask on a detector's coarse grid, with noise at the edge and a random threshold.

    The grid has at most 160 cells across the photo, of which the person covers a part.
    """
    cells = np.exp(rng.uniform(np.log(40), np.log(160)))
    side = mask.shape[0]
    grid = max(8, round(side * cells / size))
    small = cv2.resize(mask, (grid, grid), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.3, 0.8))
    small += rng.normal(0, rng.uniform(0.0, 0.08), small.shape).astype(np.float32)
    stepped = rng.random() < 0.5
    way = cv2.INTER_NEAREST if stepped else cv2.INTER_LINEAR
    known = cv2.resize(small, (side, side), interpolation=way)
    # Edges are jagged over more than one cell: the logits have a low slope there.
    unsure = cv2.GaussianBlur(mask, (0, 0), size * rng.uniform(0.004, 0.012))
    jags = rng.uniform(0.02, 0.1) * smooth_noise(rng, int(rng.integers(16, 60)), side)
    known = 0.5 * (known + unsure) + jags * 4 * unsure * (1 - unsure)
    threshold = float(np.clip(rng.normal(0.5, 0.06), 0.35, 0.65))
    if rng.random() < 0.8:
        return (known > threshold).astype(np.float32)
    sharpness = rng.uniform(3, 12)
    return np.clip((known - threshold) * sharpness + 0.5, 0, 1).astype(np.float32)


def _spots(
    known: np.ndarray, mask: np.ndarray, size: float, rng: np.random.Generator
) -> np.ndarray:
    """Holes at the edge and inside, and islands outside."""
    body = mask > 0.5
    edge = body & (cv2.erode(body.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    kinds = (  # where, what it becomes, how many on average, how large
        (edge, 0.0, 1.6, (0.02, 0.1)),
        (body, 0.0, 1.6, (0.02, 0.09)),
        (~body, 1.0, 1.3, (0.015, 0.07)),
    )
    for where, value, often, radii in kinds:
        places = np.flatnonzero(where)
        for _ in range(rng.poisson(often) if places.size else 0):
            y, x = divmod(int(places[rng.integers(places.size)]), mask.shape[1])
            put_spot(known, (x, y), size * rng.uniform(*radii), value, rng)
    return known


def _moved_box(box: Box, rng: np.random.Generator) -> Box:
    """A box with errors of about 1 % of its size."""
    x0, y0, x1, y1 = box
    size = np.array([x1 - x0, y1 - y0] * 2)
    return tuple(float(v) for v in np.array(box) + size * rng.normal(0, 0.012, 4))
