"""The scene model's training set: pictures as latents with their captions, people as conditions.

Typical pictures come most often: in what little time a CPU has, a model learns what a street mostly
looks like or nothing of streets at all. How typical a picture is of its class, a classifier says
that has learned from other pictures.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.captions import measure, scene_caption, studio_caption
from training.data import PictureArchive
from training.scene_autoencoder import CELL, to_cells
from training.scene_classifier import typicality
from training.scene_light import GRADES, regrade
from training.scene_pictures import (
    STUDIO_COLOURS,
    draw_studio,
    load_people,
    load_scenes,
    place_person,
    resized,
)

STYLES = ("plain", "gradient", "spot")
STUDIO_SHARE = 0.1
SIDE = 64
# Photos are seldom square: batches also show windows, of these cells, of pictures of LARGE pixels.
LARGE = 80
SHAPES = ((16, 16), (20, 16), (12, 20), (20, 12))
SHAPE_CHANCES = (0.45, 0.25, 0.2, 0.1)
# Pixels and epochs of the classifier that says which pictures are typical.
JUDGED, EPOCHS = 32, 8


class SceneData:
    """Batches of latents, captions and conditions.

    Args:
        pictures: (N, 64, 64, 3) uint8 RGB.
        latents: (N, 4, 16, 16) float32, of the same pictures.
        large: (N, 4, 20, 20) float32, of the same pictures at 80 pixels.
        labels: for each picture ``(class, what measure says)`` or ``("studio", (colour, style))``.
        typical: (N,) float32 in [0, 1], how typical each is of its class.
        masks: (M, 1, 20, 20) float32, 1 is to be painted, 0 a person.
        people: (M, 4, 20, 20) float32, latents of those people on grey.
        grey: (4,) float32, latent of grey.
        seed: of what is drawn.
    """

    def __init__(
        self,
        pictures: np.ndarray,
        latents: Tensor,
        large: Tensor,
        labels: list[tuple],
        typical: np.ndarray,
        masks: Tensor,
        people: Tensor,
        grey: Tensor,
        seed: int = 0,
    ) -> None:
        self.pictures, self.latents, self.large, self.labels = pictures, latents, large, labels
        self.masks, self.people, self.grey = masks, people, grey
        self.rng = np.random.default_rng(seed)
        names = [label[0] for label in labels]
        self.classes = sorted(set(names))
        self.kinds = len(self.classes)
        self.numbers = torch.tensor([self.classes.index(name) for name in names])
        self.chances = self._balanced(np.array(names), typical)

    @staticmethod
    def _balanced(names: np.ndarray, typical: np.ndarray) -> np.ndarray:
        """Small classes come more often than their share, and typical pictures in each class."""
        found, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
        weights = counts**0.25
        if "studio" in found and len(found) > 1:
            scenes = weights[found != "studio"].sum()
            weights[found == "studio"] = scenes * STUDIO_SHARE / (1 - STUDIO_SHARE)
        preferred = 0.03 + typical
        each = (weights / np.bincount(inverse, preferred))[inverse] * preferred
        return each / each.sum()

    def _draw(self, count: int) -> np.ndarray:
        return self.rng.choice(len(self.labels), size=count, p=self.chances)

    def sample(
        self, count: int, shape: tuple[int, int] = (16, 16)
    ) -> tuple[list[str], Tensor, Tensor]:
        """Captions, latents (count, 4, *shape) and class numbers (count,).

        A square is a whole picture; another shape is a window of larger ones.
        """
        chosen = self._draw(count)
        whole = shape == self.latents.shape[2:]
        latents = self.latents[chosen] if whole else self._window(self.large[chosen], shape)
        return [self.caption(i) for i in chosen], latents, self.numbers[chosen]

    def caption(self, index: int) -> str:
        """One wording for one picture."""
        kind, said = self.labels[index]
        if kind == "studio":
            return studio_caption(*said, self.rng)
        return scene_caption(kind, said, self.rng)

    def pairs(self, count: int) -> tuple[np.ndarray, Tensor]:
        """Pictures (count, 64, 64, 3) uint8 RGB and their latents."""
        chosen = self._draw(count)
        return self.pictures[chosen], self.latents[chosen]

    def batch(self, count: int) -> tuple[list[str], Tensor, Tensor, Tensor]:
        """Captions, latents, masks and what is kept, all of one of the :data:`SHAPES`."""
        height, width = SHAPES[self.rng.choice(len(SHAPES), p=SHAPE_CHANCES)]
        texts, latents, _ = self.sample(count, (height, width))
        return texts, latents, *self._conditions(count, (height, width))

    def _conditions(self, count: int, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Masks and latents of what is kept: nothing for half, else a person."""
        chosen = torch.from_numpy(self.rng.integers(len(self.masks), size=count))
        nothing = torch.from_numpy(self.rng.random(count) < 0.5)[:, None, None, None]
        seen = self._window(torch.cat([self.masks[chosen], self.people[chosen]], 1), shape)
        mask = torch.where(nothing, torch.ones(()), seen[:, :1])
        return mask, torch.where(nothing, self.grey[None, :, None, None], seen[:, 1:])

    def _window(self, cells: Tensor, shape: tuple[int, int]) -> Tensor:
        """A window of (N, C, 20, 20) cells, the same of all."""
        top, left = (
            self.rng.integers(a - b + 1) for a, b in zip(cells.shape[2:], shape, strict=True)
        )
        return cells[:, :, top : top + shape[0], left : left + shape[1]]


def prepare(options: argparse.Namespace) -> SceneData:
    """Read, draw, measure and encode everything once; later runs read ``OUT/pictures.pt``."""
    store = options.out / "pictures.pt"
    if not store.exists():
        rng = np.random.default_rng(options.seed)
        pictures, labels, typical = _scenes(options.scenes, options.pictures, rng)
        masks, people = _people(options.people, 1500 if options.pictures is None else 8, rng)
        studio, told = _studios(rng, 6 if options.pictures is None else 1)
        pictures, labels = np.concatenate([pictures, studio]), labels + told
        small = resized(pictures, SIDE)
        parts = {
            "pictures": torch.from_numpy(small),
            "latents": to_cells(small),
            "large": to_cells(pictures),
            "labels": [(k, sorted(s) if k != "studio" else list(s)) for k, s in labels],
            "typical": torch.from_numpy(np.append(typical, np.ones(len(told), np.float32))),
            "masks": torch.from_numpy(masks[:, None, ::CELL, ::CELL].copy()),
            "people": to_cells(people),
        }
        torch.save(parts, store)
    return _stored(store, options.seed)


def _stored(store: Path, seed: int) -> SceneData:
    parts = torch.load(store, weights_only=True)
    parts["labels"] = [(k, tuple(s) if k == "studio" else set(s)) for k, s in parts["labels"]]
    parts["pictures"], parts["typical"] = parts["pictures"].numpy(), parts["typical"].numpy()
    nothing = np.full((1, SIDE, SIDE, 3), 127.5, np.float32)
    return SceneData(**parts, grey=to_cells(nothing)[0, :, 0, 0], seed=seed)


def _scenes(path: str, limit: int | None, rng: np.random.Generator):
    """Every scene as it is, flipped, and once under another light; how typical each is."""
    pictures, classes = load_scenes(PictureArchive(path), "train", LARGE)
    if limit is not None:
        chosen = np.linspace(0, len(pictures) - 1, min(limit, len(pictures))).astype(int)
        pictures, classes = pictures[chosen], [classes[i] for i in chosen]
    said = [measure(p, c) for p, c in zip(pictures, classes, strict=True)]
    lights = [tuple(GRADES)[i] for i in rng.integers(len(GRADES), size=len(pictures))]
    each = zip(pictures, classes, lights, strict=True)
    graded = np.stack([regrade(picture, kind, light, rng) for picture, kind, light in each])
    flipped = pictures[:, :, ::-1]
    plain = list(zip(classes, said, strict=True))
    shifted = [
        (c, {light} | (s & {"snow", "blurred"}))
        for c, light, s in zip(classes, lights, said, strict=True)
    ]
    numbers = np.unique(classes, return_inverse=True)[1]
    typical = typicality(resized(pictures, JUDGED), numbers, EPOCHS if limit is None else 1)
    every = np.concatenate([pictures, flipped, graded])
    return every, plain + plain + shifted, np.tile(typical, 3)


def _studios(rng: np.random.Generator, times: int) -> tuple[np.ndarray, list[tuple]]:
    """Every colour in every style, the plain white ones most often."""
    kinds = [(colour, style) for colour in STUDIO_COLOURS for style in STYLES]
    kinds += [("white", "plain")] * 8 + [("grey", "plain"), ("black", "plain")] * 2
    kinds = kinds * times
    drawn = np.stack([draw_studio(colour, style, LARGE, rng) for colour, style in kinds])
    return drawn, [("studio", kind) for kind in kinds]


def _people(path: str, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Masks (count, 80, 80), 1 to be painted, and the people on grey (count, 80, 80, 3) float32."""
    people = load_people(PictureArchive(path), count, LARGE, rng)
    placed = np.stack([place_person(people[i % len(people)], rng) for i in range(count)])
    person = placed[..., 3:] > 127
    return (~person[..., 0]).astype(np.float32), np.where(
        person, placed[..., :3], np.float32(127.5)
    )
