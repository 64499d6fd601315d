"""Tiny val sets with one labelled block, and a swapper that finds the blocks it was given."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from bgswap.errors import NoPersonDetected
from bgswap.types import Person

HEIGHT, WIDTH = 60, 80


def box(x0: int, x1: int, y0: int = 10, y1: int = 50) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[y0:y1, x0:x1] = 1
    return mask


def person(mask: np.ndarray, number: int = 1) -> Person:
    return Person(number, (0.0, 0.0, 1.0, 1.0), 0.9, mask)


def encoded(array: np.ndarray, kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, kind)
    return file.getvalue()


PHOTO = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
MASK = np.uint8(255 * box(10, 30))


def labelled_sets(folder: Path) -> dict[str, Path]:
    """Twelve photos of each kind; train parts, photos without a mask and other kinds as bait."""
    files = {
        "people512": ("street", ".hand.png"),
        "more": ("more", ".png"),
        "people": ("mixed", ".png"),
    }
    for name, (kind, suffix) in files.items():
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            for number in range(12):
                stem = f"people/val/{kind}_{number:04}"
                archive.writestr(f"{stem}.webp", encoded(PHOTO, "WEBP"))
                archive.writestr(f"{stem}{suffix}", encoded(MASK, "PNG"))
            for stem in ("people/train/" + kind + "_1", "people/val/portraitauto_1"):
                archive.writestr(f"{stem}.webp", encoded(PHOTO, "WEBP"))
                archive.writestr(f"{stem}{suffix}", encoded(MASK, "PNG"))
            archive.writestr(f"people/val/{kind}_bare.webp", encoded(PHOTO, "WEBP"))
    everyday = folder / "everyday"
    everyday.mkdir()
    for number in range(12):
        (everyday / f"{number}.jpg").write_bytes(encoded(PHOTO, "JPEG"))
        (everyday / f"{number}.png").write_bytes(encoded(MASK, "PNG"))
    return {name: folder / f"{name}.zip" for name in files} | {"everyday": everyday}


class Swapper:
    """Finds the people it was given; a matte is their masks, less those of others."""

    def __init__(self, *masks: np.ndarray) -> None:
        self.people = [person(mask, n) for n, mask in enumerate(masks, 1)]

    def find_people(self, photo):
        if not self.people:
            raise NoPersonDetected
        return self.people

    def matte(self, photo, people, others=()):
        own = np.maximum.reduce([p.mask for p in people])
        return own * (1 - np.maximum.reduce([p.mask for p in others])) if others else own
