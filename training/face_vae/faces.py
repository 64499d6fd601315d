"""Faces to learn from: CelebA as torchvision keeps it, any folder, or a zip."""

from pathlib import Path

import cv2
import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from bgswap.io.tensors import images_to_tensor
from bgswap.networks.face_vae import SIDE
from training.common.data import PictureArchive
from training.face_vae.degrade import degrade


class CelebAPictures:
    """CelebA as torchvision reads it, aligned faces cut to their middle.

    Raises:
        RuntimeError: the data set is not there and could not be fetched.
    """

    def __init__(self, root: Path, part: str, download: bool) -> None:
        from torchvision.datasets import CelebA

        split = {"train": "train", "val": "valid"}[part]
        self.pictures = CelebA(str(root), split=split, target_type=[], download=download)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> np.ndarray:
        # The aligned pictures are 178 x 218; their faces fill the middle 108 x 108.
        return np.asarray(self.pictures[index][0])[65:173, 35:143]


class ArchivePictures:
    """The faces (H, W, 3) uint8 RGB of a folder or zip.

    Those in folders ``train`` and ``val``; where there are no such folders, every twentieth
    picture is for validation.

    Raises:
        FileNotFoundError: there is neither a folder nor a zip.
        ValueError: it holds no pictures for that part.
    """

    def __init__(self, path: Path, part: str) -> None:
        self.archive = PictureArchive(path)
        self.names = self.archive.pictures(part)
        if not self.archive.pictures("train") and not self.archive.pictures("val"):
            every = self.archive.pictures()
            held_out = every[::20]
            self.names = held_out if part == "val" else sorted(set(every) - set(held_out))
        if not self.names:
            raise ValueError(f"no pictures for {part} in {path}")

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.archive.read(self.names[index])


def open_faces(data: Path, part: str, download: bool = False) -> CelebAPictures | ArchivePictures:
    """The faces of ``part`` (``train`` or ``val``): CelebA's own folder, any other, or a zip."""
    if download or (data / "celeba").is_dir():
        return CelebAPictures(data, part, download)
    return ArchivePictures(data, part)


def to_side(face: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB to (64, 64, 3): the square in its middle, scaled."""
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
        seed: of mirroring and degrading; sample n is always the same.
        degraded: share of the inputs that are degraded, in [0, 1].
        mirror: whether half of the faces are mirrored.
    """

    def __init__(
        self,
        pictures: CelebAPictures | ArchivePictures,
        seed: int,
        degraded: float = 0.0,
        mirror: bool = False,
    ) -> None:
        self.pictures, self.seed = pictures, seed
        self.degraded, self.mirror = degraded, mirror

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([self.seed, number])
        face = to_side(self.pictures[number % len(self.pictures)])
        if self.mirror and rng.random() < 0.5:
            face = face[:, ::-1]
        shown = degrade(face, rng) if rng.random() < self.degraded else face
        shown, face = images_to_tensor([shown, face])
        return shown, face
