"""Composed pictures of several people, in which every person's visible mask is known.

A picture starts from one to three panels side by side (a scene, a street with its person taken
out, or a photo with its person left in), and people cut out of other photos are pasted over it:
in rows, scattered, or close up and cut by the border. Nearer people hide those behind them.
After "Simple Copy-Paste" (Ghiasi et al., CVPR 2021), with layouts drawn for photos of people.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

import cv2
import numpy as np

from training.common.data import PictureArchive
from training.common.photometric import camera, cut_edge, focused, tinted
from training.synthesis.cutouts import Photo, resized, turned

SMALLEST_SIDE = 6
SMALLEST_SHARE = 0.2
# Scene classes with many person-like objects, the hardest negatives; drawn more often.
PEOPLED = ("street", "buildings", "alley", "house", "kitchen", "bedroom", "bathroom")
LAYOUTS = ("none", "row", "scatter", "close", "scatter close")
LAYOUT_ODDS = (0.22, 0.24, 0.18, 0.24, 0.12)


@dataclass(frozen=True, eq=False)
class Composite:
    """image (H, W, 3) uint8 RGB; instances (H, W) uint8, 0 is background and 1...n the people."""

    image: np.ndarray
    instances: np.ndarray

    @property
    def boxes(self) -> np.ndarray:
        """(n, 4) float32: x centre, y centre, width, height of what is visible, in [0, 1]."""
        height, width = self.instances.shape
        boxes = np.zeros((int(self.instances.max()), 4), np.float32)
        for i in range(len(boxes)):
            x, y, w, h = cv2.boundingRect((self.instances == i + 1).astype(np.uint8))
            boxes[i] = (x + w / 2) / width, (y + h / 2) / height, w / width, h / height
        return boxes


class Composer:
    """Draws composites from photos of one person and scenes without people.

    Args:
        photos: from :func:`load_photos`; only those that are ``alone`` are used as background.
        scenes: an archive of scenes.
        part: the part of the scenes to use, ``"train"`` or ``"val"``.
        seed: of the random generator.
    """

    def __init__(self, photos: list[Photo], scenes: PictureArchive, part: str, seed: int) -> None:
        self.standing = [p for p in photos if not p.portrait]
        self.portraits = [p for p in photos if p.portrait]
        self.grounds = [p for p in self.standing if p.alone] or self.standing
        self.scenes, self.all_scenes = scenes, scenes.pictures(part)
        peopled = [n for n in self.all_scenes if PurePosixPath(n).parent.name in PEOPLED]
        self.peopled_scenes = peopled or self.all_scenes
        self.rng = np.random.default_rng(seed)

    def compose(self, height: int, width: int, layout: str | None = None) -> Composite:
        """One picture of that size; ``layout`` is one of LAYOUTS, None: random."""
        rng = self.rng
        layout = layout or str(rng.choice(LAYOUTS, p=LAYOUT_ODDS))
        self.image = np.zeros((height, width, 3), np.uint8)
        self.instances = np.zeros((height, width), np.uint8)
        self.areas: list[int] = []
        self.nearness = np.zeros(64, np.float32)
        photo_odds = 0.3
        if layout == "none":
            photo_odds = 0.0 if rng.random() < 0.5 else 0.9
        self._panels(photo_odds)
        for name in layout.split():
            getattr(self, f"_{name}")()
        return Composite(camera(self.image, rng), self._visible())

    def _panels(self, photo_odds: float) -> None:
        """Fill the canvas from left to right with one to three panels."""
        rng, (height, width) = self.rng, self.instances.shape
        shape = width / height
        count = int(rng.choice(3, p=(0.25, 0.45, 0.3) if shape > 1.1 else (0.7, 0.3, 0.0))) + 1
        edges = np.linspace(0, width, count + 1) + rng.uniform(-0.08, 0.08, count + 1) * width
        edges = np.clip(edges, 0, width).astype(int)
        edges[0], edges[-1] = 0, width
        for x0, x1 in pairwise(edges):
            if rng.random() < photo_odds:
                self._photo_panel(x0, x1)
                continue
            empties = (self._empty_street, self._scene, self._clutter)
            empty = empties[rng.choice(3, p=(0.35, 0.3, 0.35))]()
            panel = self._cover(empty, height, x1 - x0)
            self.image[:, x0:x1] = focused(panel, rng)

    def _photo_panel(self, x0: int, x1: int) -> None:
        """A photo with its person, cropped to the panel."""
        rng, height, width = self.rng, self.instances.shape[0], x1 - x0
        pool = self.portraits if self.portraits and rng.random() < 0.3 else self.grounds
        photo = self._anyone(pool)
        rows, columns = photo.alpha.shape
        left, top, right, bottom = photo.box
        # the largest window of the panel's shape, or a smaller one
        tall = min(rows, columns * height / width)
        tall *= rng.uniform(0.4, 1.0) if rng.random() < 0.5 else 1.0
        wide = tall * width / height
        aside = rng.normal(0, 0.5 if rng.random() < 0.1 else 0.12) * wide
        x = np.clip((left + right) / 2 + aside - wide / 2, 0, columns - wide)
        headroom = rng.uniform(-0.05, 0.35) * tall
        y = np.clip(top - headroom, 0, rows - tall)
        if rng.random() < 0.2:  # legs and feet close up
            y = rng.uniform(0, rows - tall + 1e-6)
        window = np.s_[
            int(y) : max(int(y + tall), int(y) + 2), int(x) : max(int(x + wide), int(x) + 2)
        ]
        image, alpha = photo.image[window], photo.alpha[window]
        if rng.random() < 0.5:
            image, alpha = image[:, ::-1], alpha[:, ::-1]
        self.image[:, x0:x1] = resized(image, height, width)
        person = resized(alpha, height, width) > 127
        self._enter(int(person.sum()), _nearness(photo, (bottom - top) * height / tall))
        self.instances[:, x0:x1][person] = len(self.areas)

    def _empty_street(self) -> np.ndarray:
        """The parts left and right of a street photo's person, concatenated."""
        photo = self._anyone(self.grounds)
        left, _, right, _ = photo.box
        strips = [photo.image[:, : max(left - 3, 0)], photo.image[:, right + 3 :][:, ::-1]]
        strips = [s for s in strips if s.shape[1] >= 16]
        return np.concatenate(strips, axis=1) if strips else self._scene()

    def _scene(self) -> np.ndarray:
        rng = self.rng
        if rng.random() < 0.08:
            ends = rng.uniform(0, 255, (2, 3))
            ramp = np.linspace(0, 1, 64)[:, None, None]
            return np.uint8(np.broadcast_to(ends[0] * (1 - ramp) + ends[1] * ramp, (64, 64, 3)))
        names = self.peopled_scenes if rng.random() < 0.5 else self.all_scenes
        return self.scenes.read(names[rng.integers(len(names))])

    def _clutter(self) -> np.ndarray:
        """Nine scenes in a square: as sharp and detailed as downscaled real backgrounds."""
        rows = ([resized(self._scene(), 128, 128) for _ in range(3)] for _ in range(3))
        return np.concatenate([np.concatenate(row, axis=1) for row in rows])

    def _cover(self, image: np.ndarray, height: int, width: int) -> np.ndarray:
        """A random window of that shape, resized."""
        rng, (rows, columns) = self.rng, image.shape[:2]
        tall = min(rows, columns * height / width) * rng.uniform(0.4, 1.0)
        wide = tall * width / height
        y, x = int(rng.uniform(0, rows - tall)), int(rng.uniform(0, max(columns - wide, 1)))
        part = image[y : y + max(int(tall), 2), x : x + max(int(wide), 2)]
        return resized(part[:, ::-1] if rng.random() < 0.5 else part, height, width)

    def _row(self) -> None:
        """Two to five people standing beside each other, some touching."""
        rng, (height, width) = self.rng, self.instances.shape
        tall = height * rng.uniform(0.35, 1.1)
        ground = height * (rng.uniform(0.7, 1.05) if tall < height else rng.uniform(1.0, 1.2))
        step = tall * rng.uniform(0.22, 0.5)
        count = int(np.clip(rng.integers(2, 6), 1, max(2, 1.2 * width / step)))
        xs = rng.uniform(0.2, 0.8) * width + (np.arange(count) - (count - 1) / 2) * step
        for x in rng.permutation(xs):
            size = tall * rng.uniform(0.88, 1.1)
            place = x + rng.normal(0, 0.15) * step, ground + rng.normal(0, 0.02) * height
            self._paste(self._anyone(self.standing), size, *place)
        if rng.random() < 0.6:
            self._paste(self._anyone(self.standing), tall, self._border(), ground)

    def _scatter(self) -> None:
        """One to six people of any size anywhere; people lower in the picture are nearer."""
        rng, (height, width) = self.rng, self.instances.shape
        for ground in np.sort(rng.uniform(0.45, 1.05, rng.integers(1, 7))):
            tall = height * (0.15 + 0.75 * ground**2 * rng.uniform(0.3, 1.1))
            x = self._border() if rng.random() < 0.3 else rng.uniform(0, 1) * width
            self._paste(self._anyone(self.standing), tall, x, ground * height)

    def _close(self) -> None:
        """One to three people close up, from the chest or the waist, cut by the border below."""
        rng, (height, width) = self.rng, self.instances.shape
        count = int(rng.integers(1, 4 if width >= height else 3))
        xs = (np.arange(count) + 0.5) / count * width
        for x in rng.permutation(xs):
            shown = height * rng.uniform(0.5, 1.05)
            place = x + rng.normal(0, 0.12) * width
            if self.portraits and rng.random() < 0.55:
                self._paste(self._anyone(self.portraits), shown, place, height + 0.06 * shown)
            else:
                tall = shown / rng.uniform(0.25, 0.75)
                self._paste(self._anyone(self.standing), tall, place, height - shown + tall)

    def _border(self) -> float:
        """A position at which the left or the right border cuts off a person."""
        inside = self.rng.uniform(-0.03, 0.06)
        return (inside if self.rng.random() < 0.5 else 1 - inside) * self.instances.shape[1]

    def _none(self) -> None:
        """Add nobody to the panels."""

    def _anyone(self, pool: list[Photo]) -> Photo:
        return pool[self.rng.integers(len(pool))]

    def _paste(self, photo: Photo, tall: float, x: float, ground: float) -> None:
        """Put a person ``tall`` pixels high over the picture, centred on x, standing on ground."""
        rng, (height, width) = self.rng, self.instances.shape
        image, alpha = photo.cutout
        if rng.random() < 0.5:
            image, alpha = image[:, ::-1], alpha[:, ::-1]
        if rng.random() < 0.35:
            image, alpha = turned(image, alpha, rng.uniform(-20, 20))
        wide = tall * alpha.shape[1] / alpha.shape[0] * rng.uniform(0.85, 1.2)
        rows, columns = max(int(tall), 4), max(int(wide), 4)
        top, left = int(ground) - rows, int(x - columns / 2)
        y0, y1 = max(top, 0), min(top + rows, height)
        x0, x1 = max(left, 0), min(left + columns, width)
        if y1 - y0 < SMALLEST_SIDE or x1 - x0 < 3:
            return
        inside = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
        image = tinted(resized(image, rows, columns)[inside], rng)
        alpha = cut_edge(resized(alpha, rows, columns), rng)[inside]
        under, others = self.image[y0:y1, x0:x1], self.instances[y0:y1, x0:x1]
        area = int((alpha > 127).sum())
        alpha[self.nearness[others] > 1.2 * _nearness(photo, tall)] = 0
        share = alpha[..., None].astype(np.float32) / 255
        under[:] = np.uint8(image * share + under * (1 - share) + 0.5)
        self._enter(area, _nearness(photo, tall))
        others[alpha > 127] = len(self.areas)

    def _enter(self, area: int, nearness: float) -> None:
        """Record a new person: pixels inside the picture before occlusion, and nearness."""
        self.areas.append(area)
        self.nearness[len(self.areas)] = nearness

    def _visible(self) -> np.ndarray:
        """The instances renumbered, without people who are mostly occluded."""
        seen = np.bincount(self.instances.ravel(), minlength=len(self.areas) + 1)
        order = np.zeros(len(self.areas) + 1, np.uint8)
        kept = 0
        for i, area in enumerate(self.areas, start=1):
            if seen[i] > max(SMALLEST_SIDE**2, SMALLEST_SHARE * area):
                kept += 1
                order[i] = kept
        return order[self.instances]


def _nearness(photo: Photo, tall: float) -> float:
    """The height of the whole person in pixels: the larger person occludes the others."""
    return 3 * tall if photo.portrait else tall
