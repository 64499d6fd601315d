"""Training pictures, read straight from a zip archive or a folder.

Both hold the same layout; ``datasets`` in the examples stands for wherever yours lie:

- people: ``people/{train,val}/NAME.jpg`` with a mask ``NAME.png`` of the same size beside it
- faces: ``faces/{train,val}/NAME.jpg``
- scenes: ``scenes/{train,val}/CLASS/NAME.jpg``

Photos may be WebP, JPEG, PNG or BMP, with suffixes in any case, and are turned upright as their
EXIF orientation says. In a mask the person is white, or 1 in a mask of 0 and 1, or any palette
index except 0 and 255 (Pascal VOC). Files that macOS adds to an archive are ignored.
"""

import argparse
import io
import logging
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageOps

from bgswap.io.images import open_image
from training.common.facts import DataFacts, sha256_of

PICTURES = {".webp", ".jpg", ".jpeg", ".png", ".bmp"}
# Pascal VOC's index of unlabeled pixels.
IGNORED = 255
log = logging.getLogger(__name__)
Read = TypeVar("Read")


class BrokenFile(ValueError):
    """A picture cannot be used; the message names the file and says why."""


@dataclass
class SkipBroken:
    """Skips broken files, up to a maximum number.

    Attributes:
        most: maximum number of skipped files.
        left_out: the errors of the skipped files, in order.
    """

    most: int = 0
    left_out: list[str] = field(default_factory=list)

    def take(self, read: Callable[[], Read]) -> Read | None:
        """The result of ``read``, or None where the file is broken and may be skipped.

        Raises:
            BrokenFile: too many files are broken.
        """
        try:
            return read()
        except BrokenFile as error:
            self.left_out.append(str(error))
            if len(self.left_out) > self.most:
                hint = "--skip-broken N leaves out up to N such files"
                raise BrokenFile(f"{error}; {hint}") from error
            log.warning("left out: %s", error)
            return None


class PictureArchive:
    """Pictures in a folder or a zip, under the same names.

    Each process opens its own file handle, so that data loader workers may share one instance.

    Raises:
        FileNotFoundError: there is neither a folder nor a zip at that path.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            files = (p for p in self.path.rglob("*") if p.is_file())
            names = (p.relative_to(self.path).as_posix() for p in files)
        elif zipfile.is_zipfile(self.path):
            with zipfile.ZipFile(self.path) as archive:
                names = (n for n in archive.namelist() if not n.endswith("/"))
        else:
            raise FileNotFoundError(f"no folder and no zip archive at {self.path}")
        self.names = sorted(name for name in names if not _added_by_mac(name))
        self._opened: dict[int, zipfile.ZipFile] = {}

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_opened": {}}

    def _archive(self) -> zipfile.ZipFile:
        """This process's handle of the zip: a forked process would share the file position."""
        pid = os.getpid()
        if pid not in self._opened:
            self._opened = {pid: zipfile.ZipFile(self.path)}
        return self._opened[pid]

    @cached_property
    def _pairs(self) -> dict[str, tuple[str, str]]:
        """Photo and mask by their common name without a suffix."""
        found: dict[str, list[str]] = {}
        for name in self.pictures():
            found.setdefault(str(Path(name).with_suffix("")), []).append(name)
        pairs = {}
        for stem, names in found.items():
            masks = [n for n in names if n.lower().endswith(".png")]
            photos = [n for n in names if n not in masks]
            if masks and photos:
                pairs[stem] = (photos[0], masks[0])
        return pairs

    def pictures(self, part: str = "") -> list[str]:
        """Names of the pictures whose path holds the folder ``part`` (``"train"``, ``"val"``)."""
        chosen = (n for n in self.names if Path(n).suffix.lower() in PICTURES)
        return [n for n in chosen if not part or part in Path(n).parts[:-1]]

    def people(self, part: str) -> list[str]:
        """The photos of ``part`` that have a mask beside them, as names without a suffix."""
        return [s for s in self._pairs if part in Path(s).parts[:-1]]

    def pair(self, stem: str) -> tuple[str, str]:
        """File names of the photo and the mask of one of :meth:`people`."""
        return self._pairs[stem]

    def facts(self, kind: str, parts: dict[str, int]) -> DataFacts:
        """The facts of this archive for a model card."""
        form = "folder" if self.path.is_dir() else "zip archive"
        return DataFacts(str(self.path), f"{form} of {kind}", parts, sha256_of(self.path))

    def read(self, name: str, mode: str = "RGB") -> np.ndarray:
        """One picture, upright, as uint8: (H, W, 3) for ``"RGB"``, (H, W) for ``"L"``.

        Raises:
            BrokenFile: no such picture, or it cannot be read.
        """
        return self._open(name, lambda picture: np.asarray(_upright(picture).convert(mode)))

    def read_mask(self, name: str) -> np.ndarray:
        """One mask, (H, W) uint8, 255 is person.

        Raises:
            BrokenFile: no such picture, or it cannot be read.
        """
        return self._open(name, _person)

    def text(self, name: str) -> str:
        """One file's text."""
        if self.path.is_dir():
            return (self.path / name).read_text()
        return self._archive().read(name).decode()

    def size(self, name: str) -> tuple[int, int]:
        """Height and width of a picture when it stands upright; its pixels are not read.

        Raises:
            BrokenFile: there is no such picture, or it cannot be read.
        """
        return self._open(name, _upright_size)

    def _open(self, name: str, work: Callable[[Image.Image], Read]) -> Read:
        try:
            in_folder = self.path.is_dir()
            data = (self.path / name).read_bytes() if in_folder else self._archive().read(name)
            with open_image(io.BytesIO(data)) as picture:
                return work(picture)
        except Image.UnidentifiedImageError:
            raise BrokenFile(f"{self.path}/{name} is no picture") from None
        except (OSError, KeyError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:
            raise BrokenFile(f"{self.path}/{name} cannot be read: {error}") from error


def add_skip_flag(parser: argparse.ArgumentParser) -> None:
    """The flag ``--skip-broken``."""
    text = "skip up to N broken files, each with a warning; one more ends the command"
    parser.add_argument("--skip-broken", type=int, default=0, metavar="N", help=text)


def _added_by_mac(name: str) -> bool:
    parts = Path(name).parts
    return "__MACOSX" in parts or parts[-1].startswith("._")


def _upright(picture: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(picture)


def _upright_size(picture: Image.Image) -> tuple[int, int]:
    width, height = picture.size
    orientation = picture.getexif().get(0x0112, 1)
    return (width, height) if orientation in (5, 6, 7, 8) else (height, width)


def _person(picture: Image.Image) -> np.ndarray:
    """A mask in any of its usual forms as (H, W) uint8, 255 is person."""
    picture = _upright(picture)
    if picture.mode == "P" and not _grey_palette(picture):
        labels = np.asarray(picture)
        return np.where((labels != 0) & (labels != IGNORED), 255, 0).astype(np.uint8)
    if picture.mode.startswith("I"):  # 16 bits
        values = np.asarray(picture)
        return values.astype(np.uint8) * 255 if values.max() <= 1 else np.uint8(values // 257)
    values = np.asarray(picture.convert("L"))
    return values * np.uint8(255) if values.max() == 1 else values


def _grey_palette(picture: Image.Image) -> bool:
    """Whether all colors of a palette that a picture uses are grey, and one of them is white."""
    used = np.unique(np.asarray(picture))
    palette = np.array(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
    colors = palette[used[used < len(palette)]]
    return bool((colors == colors[:, :1]).all() and (colors == 255).all(1).any())


def people_names(archive: PictureArchive, part: str) -> list[str]:
    """The photos of ``part`` that have a mask beside them, as names without a suffix."""
    return archive.people(part)


def read_person_mask(archive: PictureArchive, stem: str) -> np.ndarray:
    """The mask (H, W) uint8 of a photo, 255 is person.

    Raises:
        BrokenFile: it cannot be read, or photo and mask differ in size.
    """
    photo, name = archive.pair(stem)
    mask, size = archive.read_mask(name), archive.size(photo)
    if mask.shape != size:
        raise BrokenFile(
            f"{archive.path}/{name} is {mask.shape[1]} x {mask.shape[0]} pixels, "
            f"but its photo is {size[1]} x {size[0]}"
        )
    return mask


def read_person(archive: PictureArchive, stem: str) -> tuple[np.ndarray, np.ndarray]:
    """A photo (H, W, 3) uint8 RGB and its mask (H, W) uint8, 255 is person.

    Raises:
        BrokenFile: one of them cannot be read, or they differ in size.
    """
    return archive.read(archive.pair(stem)[0]), read_person_mask(archive, stem)
