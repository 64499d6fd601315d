"""The scene model's training set: pictures as latents with their captions, people as conditions."""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.captions import measure, scene_caption, studio_caption
from training.data import PictureArchive
from training.scene_autoencoder import CELL, to_cells
from training.scene_light import GRADES, regrade
from training.scene_pictures import (
    STUDIO_COLOURS,
    draw_studio,
    load_people,
    load_scenes,
    place_person,
)

STYLES = ("plain", "gradient", "spot")
STUDIO_SHARE = 0.1
SIDE = 64


class SceneData:
    """Batches of latents, captions and conditions.

    Args:
        pictures: (N, 64, 64, 3) uint8 RGB.
        latents: (N, 4, 16, 16) float32, of the same pictures.
        labels: for each picture ``(class, what measure says)`` or ``("studio", (colour, style))``.
        masks: (M, 1, 16, 16) float32, 1 is to be painted, 0 a person.
        people: (M, 4, 16, 16) float32, latents of those people on grey.
        grey: (4,) float32, latent of grey.
        seed: of what is drawn.
    """

    def __init__(
        self,
        pictures: np.ndarray,
        latents: Tensor,
        labels: list[tuple],
        masks: Tensor,
        people: Tensor,
        grey: Tensor,
        seed: int = 0,
    ) -> None:
        self.pictures, self.latents, self.labels = pictures, latents, labels
        self.masks, self.people, self.grey = masks, people, grey
        self.rng = np.random.default_rng(seed)
        names = [label[0] for label in labels]
        self.classes = sorted(set(names))
        self.kinds = len(self.classes)
        self.numbers = torch.tensor([self.classes.index(name) for name in names])
        self.chances = self._balanced(np.array(names))

    @staticmethod
    def _balanced(names: np.ndarray) -> np.ndarray:
        """Small classes come more often than their share: by the root of their count."""
        found, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
        weights = counts**0.5
        if "studio" in found and len(found) > 1:
            scenes = weights[found != "studio"].sum()
            weights[found == "studio"] = scenes * STUDIO_SHARE / (1 - STUDIO_SHARE)
        each = (weights / weights.sum() / counts)[inverse]
        return each / each.sum()

    def _draw(self, count: int) -> np.ndarray:
        return self.rng.choice(len(self.labels), size=count, p=self.chances)

    def sample(self, count: int) -> tuple[list[str], Tensor, Tensor]:
        """Captions, latents (count, 4, 16, 16) and class numbers (count,)."""
        chosen = self._draw(count)
        return [self.caption(i) for i in chosen], self.latents[chosen], self.numbers[chosen]

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

    def conditions(self, count: int) -> tuple[Tensor, Tensor]:
        """Masks (count, 1, 16, 16) and latents of what is kept: nothing for half, else a person."""
        chosen = torch.from_numpy(self.rng.integers(len(self.masks), size=count))
        nothing = torch.from_numpy(self.rng.random(count) < 0.5)[:, None, None, None]
        mask = torch.where(nothing, torch.ones(()), self.masks[chosen])
        return mask, torch.where(nothing, self.grey[None, :, None, None], self.people[chosen])


def prepare(options: argparse.Namespace) -> SceneData:
    """Read, draw, measure and encode everything once; later runs read ``OUT/pictures.pt``."""
    store = options.out / "pictures.pt"
    if not store.exists():
        rng = np.random.default_rng(options.seed)
        pictures, labels = _scenes(options.scenes, options.pictures, rng)
        masks, people = _conditions(options.people, 1500 if options.pictures is None else 8, rng)
        studio, told = _studios(rng, 6 if options.pictures is None else 1)
        pictures, labels = np.concatenate([pictures, studio]), labels + told
        parts = {
            "pictures": torch.from_numpy(pictures),
            "latents": to_cells(pictures),
            "labels": [(k, sorted(s) if k != "studio" else list(s)) for k, s in labels],
            "masks": torch.from_numpy(masks[:, None, ::CELL, ::CELL].copy()),
            "people": to_cells(people),
        }
        torch.save(parts, store)
    return _stored(store, options.seed)


def _stored(store: Path, seed: int) -> SceneData:
    parts = torch.load(store, weights_only=True)
    labels = [(k, tuple(s) if k == "studio" else set(s)) for k, s in parts["labels"]]
    nothing = np.full((1, SIDE, SIDE, 3), 127.5, np.float32)
    grey = to_cells(nothing)[0, :, 0, 0]
    pictures = parts["pictures"].numpy()
    return SceneData(
        pictures, parts["latents"], labels, parts["masks"], parts["people"], grey, seed
    )


def _scenes(path: str, limit: int | None, rng: np.random.Generator):
    """Every scene as it is, flipped, and once under another light."""
    pictures, classes = load_scenes(PictureArchive(path), "train", SIDE)
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
    return np.concatenate([pictures, flipped, graded]), plain + plain + shifted


def _studios(rng: np.random.Generator, times: int) -> tuple[np.ndarray, list[tuple]]:
    """Every colour in every style, the plain white ones most often."""
    kinds = [(colour, style) for colour in STUDIO_COLOURS for style in STYLES]
    kinds += [("white", "plain")] * 8 + [("grey", "plain"), ("black", "plain")] * 2
    kinds = kinds * times
    drawn = np.stack([draw_studio(colour, style, SIDE, rng) for colour, style in kinds])
    return drawn, [("studio", kind) for kind in kinds]


def _conditions(path: str, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Masks (count, 64, 64), 1 to be painted, and the people on grey (count, 64, 64, 3) float32."""
    people = load_people(PictureArchive(path), count, SIDE, rng)
    placed = np.stack([place_person(people[i % len(people)], rng) for i in range(count)])
    person = placed[..., 3:] > 127
    return (~person[..., 0]).astype(np.float32), np.where(
        person, placed[..., :3], np.float32(127.5)
    )
