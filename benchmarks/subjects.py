"""Drawn subjects with exactly known alpha and colors, and with edges that are hard to matte.

Each is drawn in layers from back to front, every layer a shape with its own alpha and its own
texture, at twice the size and averaged down: an edge is as soft as a pixel is large.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

SUPERSAMPLED = 2
Color = tuple[int, int, int]
SKIN, DARK_HAIR, BLOND, COAT = (214, 168, 140), (58, 40, 30), (196, 160, 104), (70, 84, 120)
DRESS, VEIL, LEATHER, FRAME = (150, 50, 70), (232, 228, 222), (96, 60, 34), (24, 24, 28)


@dataclass(frozen=True, eq=False)
class Subject:
    """colors (H, W, 3) uint8 RGB, valid where alpha is above 0; alpha (H, W) float32 in [0, 1]."""

    colors: np.ndarray
    alpha: np.ndarray


class Easel:
    """Draws one subject on a canvas; places and sizes are shares of its height.

    Args:
        height, width: of the subject in pixels.
        seed: of hair and textures.
    """

    def __init__(self, height: int, width: int, seed: int) -> None:
        self.height, self.width = height, width
        self.rng = np.random.default_rng(seed)
        self.colors = np.zeros((height, width, 3), np.float32)
        self.alpha = np.zeros((height, width), np.float32)
        self.blank()

    def blank(self) -> None:
        """Begin a new layer."""
        shape = SUPERSAMPLED * self.height, SUPERSAMPLED * self.width
        self.layer = np.zeros(shape, np.uint8)

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Pixels of the large canvas; x from the middle."""
        tall = SUPERSAMPLED * self.height
        return round(self.layer.shape[1] / 2 + x * tall), round(y * tall)

    def long(self, share: float) -> int:
        return max(1, round(share * SUPERSAMPLED * self.height))

    def oval(self, x: float, y: float, wide: float, tall: float, value: int = 255) -> None:
        """A filled ellipse; value 0 cuts a hole."""
        axes = self.long(wide), self.long(tall)
        cv2.ellipse(self.layer, self.at(x, y), axes, 0, 0, 360, value, -1, cv2.LINE_AA)

    def ring(self, x: float, y: float, radius: float, thick: float) -> None:
        centre, reach = self.at(x, y), self.long(radius)
        cv2.circle(self.layer, centre, reach, 255, self.long(thick), cv2.LINE_AA)

    def line(self, points: list[tuple[float, float]], thick: float) -> None:
        """A bent line, ``thick`` as a share of the height."""
        path = np.int32([self.at(*p) for p in points])
        cv2.polylines(self.layer, [path], False, 255, self.long(thick), cv2.LINE_AA)

    def area(self, points: list[tuple[float, float]]) -> None:
        cv2.fillPoly(self.layer, [np.int32([self.at(*p) for p in points])], 255, cv2.LINE_AA)

    def strand(self, points: np.ndarray, pixels: float) -> None:
        """A hair along (N, 2) points, so many pixels of the finished subject thick."""
        path = np.int32([self.at(*p) for p in points])
        thick = max(1, round(SUPERSAMPLED * pixels))
        cv2.polylines(self.layer, [path], False, 255, thick, cv2.LINE_AA)

    def put(self, color: Color, opacity: float = 1.0, motion: int = 0) -> None:
        """Composite the current layer over the others; ``motion``: horizontal blur in pixels."""
        size = self.width, self.height
        alpha = cv2.resize(self.layer, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        alpha *= opacity / 255
        if motion > 1:
            alpha = cv2.blur(alpha, (motion, 1))
        over = alpha[..., None]
        total = alpha + self.alpha * (1 - alpha)
        behind = self.colors * (self.alpha * (1 - alpha))[..., None]
        mixed = self._texture(color) * over + behind
        self.colors = np.divide(mixed, total[..., None], where=total[..., None] > 0, out=mixed)
        self.alpha = total
        self.blank()

    def _texture(self, color: Color) -> np.ndarray:
        """A color with folds, shade and grain."""
        coarse = self.rng.normal(0, 1, (9, 9)).astype(np.float32)
        size = self.width, self.height
        folds = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
        grain = self.rng.standard_normal((self.height, self.width), np.float32)
        return np.clip(np.float32(color) + (12 * folds + 3 * grain)[..., None], 0, 255)

    def finished(self) -> Subject:
        alpha = np.clip(self.alpha, 0, 1)
        return Subject(np.uint8(self.colors.clip(0, 255).round()), alpha)


def _bust(easel: Easel, hair: Color, coat: Color = COAT, x: float = 0.0) -> None:
    """Head, neck and shoulders down to the lower border."""
    easel.oval(x, 0.33, 0.15, 0.19)
    easel.put(hair)
    easel.area([(x - 0.32, 1.1), (x - 0.25, 0.68), (x, 0.58), (x + 0.25, 0.68), (x + 0.32, 1.1)])
    easel.put(coat)
    easel.line([(x, 0.5), (x, 0.62)], 0.11)
    easel.oval(x, 0.36, 0.115, 0.16)
    easel.put(SKIN)


def straight_hair(easel: Easel) -> None:
    """Strands of one to three pixels that leave the head and hang over the shoulders."""
    for pixels in (1, 2, 3):
        for _ in range(60):
            side = easel.rng.choice((-1, 1))
            start = side * easel.rng.uniform(0.02, 0.14)
            out = side * easel.rng.uniform(0.1, 0.24)
            t = np.linspace(0, 1, 24)
            sway = 0.02 * np.sin(t * easel.rng.uniform(3, 9) + easel.rng.uniform(0, 6))
            x = start + (out - start) * np.sqrt(t) + sway * t
            y = easel.rng.uniform(0.16, 0.24) + easel.rng.uniform(0.25, 0.6) * t**1.3
            easel.strand(np.stack([x, y], 1), pixels)
    easel.put(DARK_HAIR)
    _bust(easel, DARK_HAIR)


def curls(easel: Easel) -> None:
    """Loose curls around the head."""
    for _ in range(150):
        angle = easel.rng.uniform(-2.6, 2.6)
        reach, turns = easel.rng.uniform(0.16, 0.25), easel.rng.uniform(2, 6)
        t = np.linspace(0, 1, 48)
        radius = 0.1 + (reach - 0.1) * t
        x = radius * np.sin(angle) + 0.014 * np.cos(turns * 6.3 * t)
        y = 0.33 - 1.2 * radius * np.cos(angle) + 0.014 * np.sin(turns * 6.3 * t)
        easel.strand(np.stack([x, y], 1), easel.rng.uniform(1, 2.5))
    easel.put(BLOND)
    _bust(easel, BLOND, DRESS)


def veil(easel: Easel) -> None:
    """A thin cloth, seven tenths opaque, that hangs from the crown behind the shoulders."""
    easel.area([(-0.08, 0.12), (0.08, 0.12), (0.22, 0.4), (0.3, 0.72), (-0.3, 0.72), (-0.22, 0.4)])
    easel.put(VEIL, opacity=0.7)
    _bust(easel, DARK_HAIR, DRESS)


def moving_hand(easel: Easel) -> None:
    """A raised hand that is blurred by its movement."""
    _bust(easel, DARK_HAIR)
    easel.line([(0.26, 0.95), (0.36, 0.7), (0.34, 0.45)], 0.08)
    easel.put(COAT)
    easel.oval(0.34, 0.38, 0.045, 0.06)
    for finger in range(5):
        lean = (finger - 2) * 0.022
        easel.line([(0.34 + lean, 0.36), (0.34 + 1.9 * lean, 0.26 + 0.5 * abs(lean))], 0.017)
    easel.put(SKIN, motion=max(2, easel.height // 40))


def strap(easel: Easel) -> None:
    """A bag on a thin strap, and a gap between arm and body."""
    easel.line([(-0.02, 0.3), (0.27, 0.62)], 0.006)
    easel.line([(0.04, 0.3), (0.31, 0.62)], 0.006)
    easel.area([(0.22, 0.62), (0.36, 0.62), (0.35, 0.76), (0.23, 0.76)])
    easel.put(LEATHER)
    easel.area([(-0.1, 0.28), (0.1, 0.28), (0.08, 0.6), (0.1, 1.1), (-0.1, 1.1), (-0.08, 0.6)])
    easel.line([(-0.09, 0.3), (-0.24, 0.5), (-0.08, 0.62)], 0.045)
    easel.put(DRESS)
    easel.oval(0, 0.17, 0.065, 0.09)
    easel.line([(0, 0.24), (0, 0.29)], 0.05)
    easel.put(SKIN)
    easel.oval(0, 0.12, 0.068, 0.06)
    easel.put(DARK_HAIR)


def glasses(easel: Easel) -> None:
    """Glasses whose temples stand off the head, and an earring."""
    _bust(easel, BLOND, COAT)
    for side in (-1, 1):
        easel.ring(side * 0.055, 0.34, 0.045, 0.006)
        easel.line([(side * 0.1, 0.335), (side * 0.165, 0.31)], 0.006)
        easel.ring(side * 0.135, 0.47, 0.02, 0.004)
    easel.line([(-0.012, 0.34), (0.012, 0.34)], 0.006)
    easel.put(FRAME)


def group(easel: Easel) -> None:
    """Two people, shoulder to shoulder."""
    _bust(easel, BLOND, DRESS, x=-0.24)
    _bust(easel, DARK_HAIR, COAT, x=0.24)


SUBJECTS: tuple[Callable[[Easel], None], ...] = (
    straight_hair,
    curls,
    veil,
    moving_hand,
    strap,
    glasses,
    group,
)


def draw(subject: Callable[[Easel], None], height: int, width: int, seed: int = 0) -> Subject:
    """One of ``SUBJECTS`` at that size."""
    easel = Easel(height, width, seed)
    subject(easel)
    return easel.finished()
