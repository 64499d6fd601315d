"""Faces to learn from: CelebA as torchvision keeps it, any folder, or a zip."""

import logging
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm

from bgswap.io.tensors import images_to_tensor
from bgswap.networks.face_vae import SIDE
from training.common.data import PictureArchive, SkipBroken
from training.common.facts import DataFacts
from training.face_vae.degrade import degrade

log = logging.getLogger(__name__)
# Fewer faces than this are read in no time, and without a bar.
SHOWN_FROM = 1000


class CelebAPictures:
    """CelebA as torchvision reads it, aligned faces cut to their middle.

    Raises:
        RuntimeError: the data set is not there and could not be fetched.
    """

    def __init__(self, root: Path, part: str, download: bool) -> None:
        from torchvision.datasets import CelebA

        split = {"train": "train", "val": "valid"}[part]
        self.pictures = CelebA(str(root), split=split, target_type=[], download=download)
        self.root, self.part = root, part

    def facts(self, counts: dict[str, int]) -> DataFacts:
        """What a model card says of them."""
        return DataFacts(
            str(self.root),
            "CelebA (Liu, Luo, Wang, Tang, ICCV 2015), aligned faces cut to their middle",
            counts,
            license="other",
            license_name="celeba-non-commercial-research",
            note="For non-commercial research only, and so are these weights.",
        )

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
        BrokenFile: one of them cannot be read, and may not be skipped.
        ValueError: it holds no pictures for that part.
    """

    def __init__(self, path: Path, part: str, skip: SkipBroken | None = None) -> None:
        self.archive = PictureArchive(path)
        self.names = self.archive.pictures(part)
        if not self.archive.pictures("train") and not self.archive.pictures("val"):
            every = self.archive.pictures()
            held_out = every[::20]
            self.names = held_out if part == "val" else sorted(set(every) - set(held_out))
        found = len(self.names)
        self.names = self._whole(self.names, skip or SkipBroken())
        if not self.names:
            raise ValueError(f"no pictures for {part} in {path}")
        left_out = found - len(self.names)
        why = f", {left_out} broken left out" * bool(left_out)
        log.info("%s: %d faces for %s%s", path, len(self.names), part, why)

    def _whole(self, names: list[str], skip: SkipBroken) -> list[str]:
        """The names whose pictures can be read: a broken one would end a run in its middle."""
        bar = tqdm(names, desc="reading faces", disable=len(names) < SHOWN_FROM)
        return [n for n in bar if skip.take(lambda name=n: self.archive.read(name)) is not None]

    def facts(self, counts: dict[str, int]) -> DataFacts:
        """What a model card says of them."""
        return self.archive.facts("faces", counts)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.archive.read(self.names[index])


def open_faces(
    data: Path, part: str, download: bool = False, skip: SkipBroken | None = None
) -> CelebAPictures | ArchivePictures:
    """The faces of ``part`` (``train`` or ``val``): CelebA's own folder, any other, or a zip."""
    if download or (data / "celeba").is_dir():
        return CelebAPictures(data, part, download)
    return ArchivePictures(data, part, skip)


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
