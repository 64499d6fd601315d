"""Pictures of cut-outs for inspection: over plain colors, and a sheet of the worst."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.sheet import tile
from bgswap.compositing import blend
from bgswap.matting.foreground import foreground

GREEN, WHITE, BLACK = (0, 200, 80), (255, 255, 255), (0, 0, 0)
COLORS = (GREEN, WHITE, BLACK)
# Height in pixels of a picture in the sheet, and of the words above it.
TILE, STRIP = 260, 22


@dataclass(frozen=True, eq=False)
class Shown:
    """One cut-out of the sheet.

    Attributes:
        words: what stands above it.
        photo: (H, W, 3) uint8 RGB.
        truth, alpha: (H, W) float32 in [0, 1], ground truth and ours.
    """

    words: str
    photo: np.ndarray
    truth: np.ndarray
    alpha: np.ndarray


def over(photo: np.ndarray, alpha: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """A cut-out as the program would give it, over a color: (H, W, 3) uint8 RGB."""
    own = foreground(photo, alpha) if alpha.any() else photo
    return blend.composite(own, alpha, np.full_like(photo, color))


def over_colors(photo: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """A cut-out at full size over green, white and black, (H, 3 W, 3) uint8 RGB."""
    return np.hstack([over(photo, alpha, color) for color in COLORS])


def line(shown: Shown) -> np.ndarray:
    """Photo, ground truth and ours over green, side by side under the words."""
    cutouts = (over(shown.photo, alpha, GREEN) for alpha in (shown.truth, shown.alpha))
    pictures = [tile(picture, TILE) for picture in (shown.photo, *cutouts)]
    row = cv2.copyMakeBorder(np.hstack(pictures), STRIP, 0, 0, 0, cv2.BORDER_CONSTANT, value=WHITE)
    place, font = (4, STRIP - 7), cv2.FONT_HERSHEY_SIMPLEX
    return cv2.putText(row, shown.words, place, font, 0.45, BLACK, 1, cv2.LINE_AA)


def sheet(all_shown: Sequence[Shown], columns: int = 2) -> np.ndarray:
    """Cut-outs one after the other in columns, each as wide as the widest."""
    lines = [line(shown) for shown in all_shown]
    width = max(li.shape[1] for li in lines)
    framed = [
        cv2.copyMakeBorder(li, 0, 0, 0, width - li.shape[1], cv2.BORDER_CONSTANT, value=WHITE)
        for li in lines
    ]
    framed += [np.full_like(framed[0], 255)] * (-len(framed) % columns)
    return np.vstack([np.hstack(framed[n : n + columns]) for n in range(0, len(framed), columns)])
