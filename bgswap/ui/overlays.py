"""Drawings for the page: outlines of who stays, tiles with numbers."""

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bgswap.io.images import resize
from bgswap.ui.thumbnails import Figure, Sketch

Color = tuple[int, int, int]

# Blue and vermillion of Okabe and Ito's palette: told apart with every common color blindness.
# The line's style (whole or dashed) and the dimming say the same without any color.
STAYS: Color = (0, 114, 178)
GOES: Color = (213, 94, 0)
WHITE: Color = (255, 255, 255)


def outlined(shown: Sketch, kept: Collection[int]) -> np.ndarray:
    """The photo with everyone outlined: a whole blue line stays, a dashed orange one goes.

    Args:
        shown: the photo and its people.
        kept: numbers of those who stay.

    Returns:
        (h, w, 3) uint8 RGB, the shown photo's size.
    """
    stay = [figure for figure in shown.figures if figure.number in kept]
    go = [figure for figure in shown.figures if figure.number not in kept]
    canvas = _dimmed(shown.photo, go, stay)
    thickness = max(2, round(max(canvas.shape[:2]) / 220))
    for figure in go:
        _draw(canvas, _dashes(figure.contours, 7 * thickness), GOES, thickness, closed=False)
    for figure in stay:
        _draw(canvas, figure.contours, STAYS, thickness, closed=True)
    for figure in shown.figures:
        _stamp(canvas, figure, figure.number in kept)
    return canvas


def _dimmed(photo: np.ndarray, go: list[Figure], stay: list[Figure]) -> np.ndarray:
    away = np.zeros(photo.shape[:2], np.uint8)
    for figure in go:
        cv2.fillPoly(away, figure.contours, 255)
    for figure in stay:
        cv2.fillPoly(away, figure.contours, 0)
    return np.where(away[..., None] > 0, _pale(photo), photo)


def _pale(photo: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return cv2.addWeighted(grey, 0.45, np.full_like(grey, 235), 0.55, 0)


def faded(photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The photo with all but the cut-out pale and grey.

    Args:
        photo: (h, w, 3) uint8 RGB.
        alpha: of the cut-out, (h, w) float32 in [0, 1].

    Returns:
        (h, w, 3) uint8 RGB.
    """
    share = alpha[..., None]
    return np.rint(photo * share + _pale(photo) * (1 - share)).astype(np.uint8)


def _dashes(contours: Iterable[np.ndarray], length: int) -> list[np.ndarray]:
    dashes = []
    for contour in contours:
        dashes += [
            contour[start : start + length]
            for start in range(0, max(1, len(contour) - length // 2), length * 2)
        ]
    return dashes


def _draw(
    canvas: np.ndarray, lines: Sequence[np.ndarray], color: Color, thickness: int, closed: bool
) -> None:
    # White underneath keeps the line visible on any photo.
    cv2.polylines(canvas, lines, closed, WHITE, thickness + 3, cv2.LINE_AA)
    cv2.polylines(canvas, lines, closed, color, thickness, cv2.LINE_AA)


def _stamp(canvas: np.ndarray, figure: Figure, stays: bool) -> None:
    if not figure.contours:
        return
    badge = _badge(figure.number, stays, max(28, max(canvas.shape[:2]) // 16))
    points = np.concatenate(figure.contours)[:, 0]
    x, y = points[points[:, 1].argmin()]
    side = badge.shape[0]
    height, width = canvas.shape[:2]
    left = int(np.clip(x - side // 2, 0, max(0, width - side)))
    top = int(np.clip(y - side // 3, 0, max(0, height - side)))
    _lay_over(canvas[top : top + side, left : left + side], badge)


def _lay_over(patch: np.ndarray, picture: np.ndarray) -> None:
    picture = picture[: patch.shape[0], : patch.shape[1]]
    alpha = picture[..., 3:].astype(np.float32) / 255
    patch[...] = np.round(patch * (1 - alpha) + picture[..., :3] * alpha).astype(np.uint8)


@lru_cache(maxsize=256)
def _badge(number: int, stays: bool, side: int) -> np.ndarray:
    """A round label, (side, side, 4) uint8 RGBA: filled for who stays, hollow for who goes."""
    scale = 4
    image = Image.new("RGBA", (side * scale, side * scale))
    draw = ImageDraw.Draw(image)
    edge = side * scale // 14
    box = (edge, edge, side * scale - edge, side * scale - edge)
    fill, ink, rim = (STAYS, WHITE, WHITE) if stays else (WHITE, GOES, GOES)
    draw.ellipse(box, fill=fill, outline=rim, width=edge)
    font = ImageFont.load_default(side * scale * (0.56 if number < 10 else 0.46))
    middle = side * scale / 2
    draw.text(
        (middle, middle), str(number), ink, font, "mm", stroke_width=scale // 2, stroke_fill=ink
    )
    return np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))


def card(figure: Figure, stays: bool, size: tuple[int, int] = (264, 304)) -> np.ndarray:
    """A person's cut-out as a tile of the gallery, with its number.

    Args:
        figure: the person.
        stays: drawn in full color; else faded to grey.
        size: (width, height) of the tile in pixels.

    Returns:
        (height, width, 4) uint8 RGBA on a transparent ground.
    """
    width, height = size
    tile = np.zeros((height, width, 4), np.uint8)
    margin = 6
    room = (width - 2 * margin, height - 2 * margin)
    cutout = figure.cutout
    scale = min(room[0] / cutout.shape[1], room[1] / cutout.shape[0])
    fitted = resize(
        cutout, (max(1, int(cutout.shape[1] * scale)), max(1, int(cutout.shape[0] * scale)))
    )
    if not stays:
        grey = cv2.cvtColor(np.ascontiguousarray(fitted[..., :3]), cv2.COLOR_RGB2GRAY)
        fitted = np.dstack([grey, grey, grey, fitted[..., 3] // 3])
    top, left = height - margin - fitted.shape[0], (width - fitted.shape[1]) // 2
    tile[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    badge = _badge(figure.number, stays, 72)
    corner = tile[:72, :72]
    opaque = np.maximum(corner[..., 3], badge[..., 3])
    _lay_over(corner[..., :3], badge)
    corner[..., 3] = opaque
    return tile
