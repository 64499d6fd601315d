"""Pairs of faces to learn from: what is shown and what is to come out."""

from typing import Protocol

import cv2
import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from bgswap.io.tensors import images_to_tensor
from bgswap.networks.face_vae import SIDE
from training.common.facts import DataFacts
from training.face_vae.degrade import degrade
from training.face_vae.inpainting import random_hole, with_hole


class Pictures(Protocol):
    """Faces (H, W, 3) uint8 RGB by index."""

    def facts(self, counts: dict[str, int]) -> DataFacts:
        """What a model card says of them."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> np.ndarray: ...


def to_side(face: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB to (64, 64, 3): the central square, scaled."""
    height, width = face.shape[:2]
    side = min(height, width)
    if (height, width) == (SIDE, SIDE):
        return face
    top, left = (height - side) // 2, (width - side) // 2
    middle = face[top : top + side, left : left + side]
    way = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    return cv2.resize(middle, (SIDE, SIDE), interpolation=way)


class Faces(Dataset):
    """Pairs of input and target face, (3, 64, 64) float32 RGB in [0, 1].

    Args:
        pictures: faces (H, W, 3) uint8 RGB by index.
        seed: sample n depends only on the seed and n.
        degraded: share of the inputs that are degraded, in [0, 1].
        mirror: whether half of the faces are mirrored.
        holed: share of the inputs that lack a part of the face, in [0, 1].
    """

    def __init__(
        self,
        pictures: Pictures,
        seed: int,
        degraded: float = 0.0,
        mirror: bool = False,
        holed: float = 0.0,
    ) -> None:
        self.pictures, self.seed = pictures, seed
        self.degraded, self.mirror, self.holed = degraded, mirror, holed

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([self.seed, number])
        face = to_side(self.pictures[number % len(self.pictures)])
        if self.mirror and rng.random() < 0.5:
            face = face[:, ::-1]
        shown = degrade(face, rng) if rng.random() < self.degraded else face
        if rng.random() < self.holed:
            shown = with_hole(shown, random_hole(rng))
        shown, face = images_to_tensor([shown, face])
        return shown, face
