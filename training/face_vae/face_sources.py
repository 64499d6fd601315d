"""Where faces come from: CelebA in the shapes people have it, any folder or zip, a Hub data set."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from training.common.console import first_process, shown
from training.common.data import PictureArchive, SkipBroken
from training.common.facts import DataFacts
from training.face_vae.faces import Pictures, to_side

log = logging.getLogger(__name__)
# What the name of a data set on the Hub begins with.
HUB = "hf:"
# CelebA's aligned pictures are 178 x 218; their faces fill the middle 108 x 108.
ALIGNED, MIDDLE = (218, 178), np.s_[65:173, 35:143]
CELEBA = DataFacts(
    "",
    "CelebA (Liu, Luo, Wang, Tang, ICCV 2015), aligned faces cut to their middle",
    license="other",
    license_name="celeba-non-commercial-research",
    note="For non-commercial research only, and so are these weights.",
)
# CelebA's own table of parts, as torchvision and Kaggle keep it, and its numbers.
PARTITION = ("list_eval_partition.txt", "list_eval_partition.csv")
NUMBERS = {"train": "0", "val": "1"}


class ArchivePictures:
    """The faces (H, W, 3) uint8 RGB of a folder or zip; CelebA's aligned ones cut to their middle.

    Parts are those of CelebA's table where it is there, else of folders ``train`` and ``val``;
    where there are neither, every twentieth picture is for validation.

    Raises:
        FileNotFoundError: there is neither a folder nor a zip.
        BrokenFile: one of them cannot be read, and may not be skipped.
        ValueError: it holds no pictures for that part.
    """

    def __init__(self, path: Path, part: str, skip: SkipBroken | None = None) -> None:
        self.archive, self.aligned = PictureArchive(path), False
        chosen = self._part(part)
        self.names = self._whole(chosen, skip or SkipBroken())
        if not self.names:
            raise ValueError(f"no pictures for {part} in {path}")
        left_out = len(chosen) - len(self.names)
        why = f", {left_out} broken left out" * bool(left_out)
        log.info("%s: %d faces for %s%s", path, len(self.names), part, why)

    def _part(self, part: str) -> list[str]:
        """Names of a part's pictures."""
        every = self.archive.pictures()
        tables = [name for name in self.archive.names if Path(name).name in PARTITION]
        if tables:
            rows = self.archive.text(tables[0]).replace(",", " ").split("\n")
            words = [row.split() for row in rows if row.strip()]
            known = {row[0] for row in words if row[-1] == NUMBERS[part]}
            return [name for name in every if Path(name).name in known]
        if self.archive.pictures("train") or self.archive.pictures("val"):
            return self.archive.pictures(part)
        held_out = every[::20]
        return held_out if part == "val" else sorted(set(every) - set(held_out))

    def _whole(self, names: list[str], skip: SkipBroken) -> list[str]:
        """The names whose pictures can be read: a broken one would end a run in its middle."""
        whole = []
        for name in shown(names, "reading faces"):
            face = skip.take(lambda name=name: self.archive.read(name))
            if face is not None:
                whole.append(name)
                self.aligned |= face.shape[:2] == ALIGNED
        return whole

    def facts(self, counts: dict[str, int]) -> DataFacts:
        """What a model card says of them."""
        if not self.aligned:
            return self.archive.facts("faces", counts)
        return replace(CELEBA, name=str(self.archive.path), parts=counts)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> np.ndarray:
        return middle(self.archive.read(self.names[index]))


class HubPictures:
    """The faces of a data set on the Hub, streamed once by ``datasets`` and kept at 64 pixels.

    Parts are the data set's own splits ``train`` and ``valid``, ``validation``, ``val`` or
    ``test``; where it has one split alone, every twentieth picture is for validation.

    Raises:
        ValueError: ``datasets`` is not installed, or the data set cannot be read.
    """

    def __init__(self, name: str, part: str) -> None:
        try:
            from datasets import Image, load_dataset
        except ModuleNotFoundError as error:
            raise ValueError(f"{HUB}{name} needs datasets: pip install datasets") from error
        try:
            splits = load_dataset(name, streaming=True)
        except Exception as error:
            why = str(error).splitlines()[0]
            raise ValueError(f"{HUB}{name} cannot be read: {why}") from error
        self.name = name
        other = next((s for s in ("valid", "validation", "val", "test") if s in splits), None)
        rows = splits[other if part == "val" and other else "train"]
        columns = [key for key, kind in (rows.features or {}).items() if isinstance(kind, Image)]
        if not columns:
            raise ValueError(f"{HUB}{name} has no column of pictures")
        held_out = {False: lambda n: n % 20 > 0, True: lambda n: n % 20 == 0}[part == "val"]
        bar = tqdm(rows, desc=f"reading {part} faces of {name}", disable=not first_process())
        self.faces = [
            to_side(middle(np.asarray(row[columns[0]].convert("RGB"))))
            for number, row in enumerate(bar)
            if other or held_out(number)
        ]

    def facts(self, counts: dict[str, int]) -> DataFacts:
        """What a model card says of them."""
        return DataFacts(self.name, "faces of a data set on the Hub", counts, dataset=self.name)

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.faces[index]


def open_faces(
    data: Path, part: str, download: bool = False, skip: SkipBroken | None = None
) -> Pictures:
    """The faces of ``part`` (``train`` or ``val``).

    Args:
        data: CelebA as torchvision keeps it, in any other folder or as a zip; other faces in a
            folder or zip; or ``hf:OWNER/NAME``.
        part: which of them.
        download: let torchvision fetch CelebA first.
        skip: how many broken files may be left out.

    Raises:
        FileNotFoundError: there is neither a folder nor a zip, or CelebA's pictures are missing.
        BrokenFile: a file cannot be used, and may not be skipped.
        ValueError: there is nothing for that part, or what is needed to read it is missing.
    """
    if str(data).startswith(HUB):
        return HubPictures(str(data).removeprefix(HUB), part)
    if download:
        _fetch(data)
    if (data / "celeba").is_dir():
        return ArchivePictures(_pictures_of(data / "celeba"), part, skip)
    return ArchivePictures(data, part, skip)


def _fetch(root: Path) -> None:
    """Have torchvision fetch CelebA."""
    from torchvision.datasets import CelebA

    try:
        CelebA(str(root), target_type=[], download=True)
    except (RuntimeError, ModuleNotFoundError) as error:
        why = str(error).splitlines()[0]
        hint = "pip install gdown" if "gdown" in str(error) else "fetch it by hand into celeba/"
        raise ValueError(f"CelebA cannot be fetched: {why} ({hint})") from error


def _pictures_of(folder: Path) -> Path:
    """Where the pictures of torchvision's folder are: itself, or the zip that it unpacks."""
    if (folder / "img_align_celeba").is_dir():
        if not any((folder / name).is_file() for name in PARTITION):
            log.info("%s has no %s: every twentieth face is held out", folder, PARTITION[0])
        return folder
    packed = folder / "img_align_celeba.zip"
    if packed.is_file():
        return packed
    raise FileNotFoundError(
        f"{folder} has neither img_align_celeba/ nor {packed.name}: --download fetches them"
    )


def middle(face: np.ndarray) -> np.ndarray:
    """The face of one of CelebA's aligned pictures; any other picture as it is."""
    return face[MIDDLE] if face.shape[:2] == ALIGNED else face
