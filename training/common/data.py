"""Training pictures, read straight from a zip archive or a folder.

Both hold the same layout; ``datasets`` in the examples stands for wherever yours lie:

- people: ``people/{train,val}/NAME.webp`` with a mask ``NAME.png`` (255 is person)
- faces: ``faces/{train,val}/NAME.webp``
- scenes: ``scenes/{train,val}/CLASS/NAME.webp``
"""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

PICTURES = {".webp", ".jpg", ".jpeg", ".png", ".bmp"}


class PictureArchive:
    """Pictures in a folder or a zip, under the same names.

    Opened anew in every process that reads it, so that data loader workers may share one.

    Raises:
        FileNotFoundError: there is neither a folder nor a zip at that path.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            files = (p for p in self.path.rglob("*") if p.is_file())
            self.names = sorted(p.relative_to(self.path).as_posix() for p in files)
        elif zipfile.is_zipfile(self.path):
            with zipfile.ZipFile(self.path) as archive:
                self.names = sorted(n for n in archive.namelist() if not n.endswith("/"))
        else:
            raise FileNotFoundError(f"no folder and no zip archive at {self.path}")
        self._opened: dict[int, zipfile.ZipFile] = {}

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_opened": {}}

    def _archive(self) -> zipfile.ZipFile:
        """The zip as this process opened it: a forked one would share its place in the file."""
        pid = os.getpid()
        if pid not in self._opened:
            self._opened = {pid: zipfile.ZipFile(self.path)}
        return self._opened[pid]

    def pictures(self, part: str = "") -> list[str]:
        """Names of the pictures whose path holds the folder ``part`` (``"train"``, ``"val"``)."""
        chosen = (n for n in self.names if Path(n).suffix.lower() in PICTURES)
        return [n for n in chosen if not part or part in Path(n).parts[:-1]]

    def read(self, name: str, mode: str = "RGB") -> np.ndarray:
        """One picture as uint8: (H, W, 3) for ``"RGB"``, (H, W) for ``"L"``.

        Raises:
            KeyError, OSError: no such picture, or it is broken.
        """
        in_folder = self.path.is_dir()
        data = (self.path / name).read_bytes() if in_folder else self._archive().read(name)
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture.convert(mode))


def people_names(archive: PictureArchive, part: str) -> list[str]:
    """The photos of ``part`` that have a mask beside them, as names without a suffix."""
    photos = (n for n in archive.pictures(part) if not n.endswith(".png"))
    known = set(archive.names)
    return [s for s in (n.rsplit(".", 1)[0] for n in photos) if f"{s}.png" in known]


def read_person(archive: PictureArchive, stem: str) -> tuple[np.ndarray, np.ndarray]:
    """A photo (H, W, 3) uint8 RGB and its mask (H, W) uint8, 255 is person."""
    return archive.read(f"{stem}.webp"), archive.read(f"{stem}.png", "L")
