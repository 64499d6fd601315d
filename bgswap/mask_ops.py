"""Operations on photos and masks: cropping and pasting windows, resizing, edge colors, rounding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bgswap.types import Box, Person

# x, y, width and height in whole pixels; parts may lie outside the photo.
Window = tuple[int, int, int, int]
# Mid grey: the padding of crops that reach beyond a photo's border.
GREY = 128


@dataclass(frozen=True)
class EdgeBleedConfig:
    """How far edge colors are extended into transparent pixels."""

    # Pixels: downscaling by a factor of 8 averages no farther.
    reach: int = 8
    # Rows processed at a time: bounds the memory at 40 megapixels.
    strip: int = 512


def crop_window(
    picture: np.ndarray, window: Window, size: tuple[int, int], outside: float
) -> np.ndarray:
    """Crop a window and resize it.

    Args:
        picture: (H, W) or (H, W, C), uint8 or float32.
        window: in pixels of the picture.
        size: (height, width) of the result.
        outside: the padding value where the window reaches beyond the picture.

    Returns:
        (height, width) or (height, width, C), of the picture's type.
    """
    x, y, width, height = window
    rows, columns = window_slices(window, picture.shape)
    part = picture[rows, columns]
    if not part.size:
        return np.full((*size, *picture.shape[2:]), outside, picture.dtype)
    if part.shape[:2] != (height, width):
        top, left = rows.start - y, columns.start - x
        bottom, right = height - part.shape[0] - top, width - part.shape[1] - left
        value = (outside,) * 4
        part = cv2.copyMakeBorder(part, top, bottom, left, right, cv2.BORDER_CONSTANT, value=value)
    return resized(part, size)


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture or mask at (height, width): area averaging to fewer pixels, else bilinear."""
    shrinks = picture.shape[0] * picture.shape[1] > size[0] * size[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(picture, size[::-1], interpolation=way)


def window_slices(window: Window, size: tuple[int, ...]) -> tuple[slice, slice]:
    """The rows and columns of a window, clipped to a picture of (H, W)."""
    x, y, width, height = window
    top, left = min(max(y, 0), size[0]), min(max(x, 0), size[1])
    bottom, right = min(max(y + height, top), size[0]), min(max(x + width, left), size[1])
    return slice(top, bottom), slice(left, right)


def paste_window(crop: np.ndarray, window: Window, size: tuple[int, int]) -> np.ndarray:
    """Resize the mask of a window and paste it into a mask of the whole photo, 0 elsewhere.

    Args:
        crop: (h, w) float32 in [0, 1].
        window: in pixels of the photo.
        size: (H, W) of the photo.

    Returns:
        (H, W) float32 in [0, 1].
    """
    x, y, width, height = window
    rows, columns = window_slices(window, size)
    whole = np.zeros(size, np.float32)
    if rows.start < rows.stop and columns.start < columns.stop:
        large = resized(crop, (height, width))
        whole[rows, columns] = large[rows.start - y : rows.stop - y, columns.start - x :][
            :, : columns.stop - columns.start
        ]
    return whole


def window_around(box: Box, margin: float, sizes: Sequence[tuple[int, int]]) -> tuple[Window, int]:
    """The window around a box with a margin, with the aspect ratio of the best fitting crop size.

    Args:
        box: x0, y0, x1, y1 in pixels.
        margin: added on each side, as a share of the box's own side.
        sizes: (height, width) of the crops to choose from.

    Returns:
        The window, and the index of the chosen size.
    """
    x0, y0, x1, y1 = box
    wide, tall = (1 + 2 * margin) * max(x1 - x0, 2), (1 + 2 * margin) * max(y1 - y0, 2)
    units = [max(tall / height, wide / width) for height, width in sizes]
    best = int(np.argmin(units))
    height, width = (max(2, round(units[best] * side)) for side in sizes[best])
    return (round((x0 + x1 - width) / 2), round((y0 + y1 - height) / 2), width, height), best


def box_iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / (both - width * height)


def union(people: Iterable[Person], size: tuple[int, int]) -> np.ndarray:
    """The union of people's masks, (H, W) float32 in [0, 1]: the maximum at each pixel."""
    together = np.zeros(size, np.float32)
    for person in people:
        rows, columns, crop = person.cropped
        np.maximum(together[rows, columns], crop, out=together[rows, columns])
    return together


def person_crop(
    photo: np.ndarray,
    people: Sequence[Person],
    number: int,
    window: Window,
    size: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The networks' input for one person: crops of the photo, their mask and all others' masks.

    Args:
        photo: (H, W, 3) uint8 RGB.
        people: all people in the photo.
        number: index in ``people`` of the person to crop.
        window: in pixels of the photo.
        size: (height, width) of the crop.

    Returns:
        (h, w, 3) uint8, grey beyond the photo, and two masks (h, w) float32 in [0, 1].
    """
    others = union((p for i, p in enumerate(people) if i != number), photo.shape[:2])
    layers = ((photo, GREY), (people[number].mask, 0), (others, 0))
    image, rough, rest = (crop_window(layer, window, size, fill) for layer, fill in layers)
    return image, rough, rest


def bleed_edge_colors(
    people: np.ndarray, alpha: np.ndarray, config: EdgeBleedConfig | None = None
) -> np.ndarray:
    """Extend edge colors a few pixels into transparent pixels ("alpha bleeding").

    A program that downscales a cut-out without premultiplying mixes the colors under alpha 0 into
    the edge: with the edge's own color there, no dark fringe appears.

    Args:
        people: (H, W, 3) uint8 RGB, the estimated foreground colors.
        alpha: (H, W) float32 in [0, 1].
        config: see :class:`EdgeBleedConfig`.

    Returns:
        (H, W, 3) uint8 RGB: where alpha is 0 the color of the nearest pixel where it is not, within
        ``config.reach`` pixels; 0 beyond; ``people`` elsewhere.
    """
    config = config or EdgeBleedConfig()
    result, reach = people.copy(), config.reach
    x, y, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
    columns = slice(max(x - reach, 0), x + width + reach)
    bottom = min(y + height + reach, len(alpha)) if width else 0
    for top in range(max(y - reach, 0), bottom, config.strip):
        rows = slice(top, min(top + config.strip, bottom))
        around = slice(max(rows.start - reach, 0), rows.stop + reach)
        outside = (alpha[around, columns] == 0).astype(np.uint8)
        if outside.all():
            continue
        distance, nearest = cv2.distanceTransformWithLabels(
            outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        colors = np.zeros((nearest.max() + 1, 3), np.uint8)
        inside = outside == 0
        colors[nearest[inside]] = people[around, columns][inside]
        near = (distance > 0) & (distance <= reach)
        near[: rows.start - around.start] = near[rows.stop - around.start :] = False
        result[around, columns][near] = colors[nearest[near]]
    return result


def round_to_uint8(values: np.ndarray) -> np.ndarray:
    """Levels rounded and clipped to uint8; ``values`` is overwritten."""
    np.rint(values, out=values)
    return np.clip(values, 0, 255, out=values).astype(np.uint8)
