"""One photo of a training pack: its sources, and its encoding."""

import io
import os
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from training.synthesis.pack_labels import (
    fused,
    grey_grid,
    hash_words,
    mask_box,
    one_piece,
    polygon_mask,
)

# A file, or an archive and a name in it.
Ref = tuple[str, str | None]
SINGLE, GROUP, POLYGON, BOXES, SCENE = "single", "group", "polygon", "boxes", "scene"
MOST_BOXES = 24
# Soft alphas are stored in steps of this; 0 and 255 stay.
ALPHA_STEP = 8


@dataclass(frozen=True)
class Job:
    """One photo to store.

    Attributes:
        name: unique in the pack.
        kind: ``single``, ``group``, ``polygon``, ``boxes`` or ``scene``.
        source: of the photo, for the card.
        image: the photo.
        hand, teacher: hand-made mask and teacher's alpha to combine, if any.
        checked: the teacher's alpha has been verified.
        polygons: parts of one person's outline, in pixels of the photo.
        boxes: of people, x0 y0 x1 y1 as shares of width and height.
        portrait: head and shoulders.
        side: longest side to store in pixels; of scenes the side of a centred square.
        quality: of the WebP file.
    """

    name: str
    kind: str
    source: str
    image: Ref
    hand: Ref | None = None
    teacher: Ref | None = None
    checked: bool = False
    polygons: tuple[tuple[float, ...], ...] = ()
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    portrait: bool = False
    side: int = 448
    quality: int = 75

    @property
    def version(self) -> str:
        """Changes whenever the stored data would; the key for reusing an existing pack."""
        masks = f"{bool(self.hand)}{bool(self.teacher)}{self.checked}{len(self.polygons)}"
        return f"{self.kind} {masks} {len(self.boxes)} {self.side} {self.quality}"


@dataclass(frozen=True)
class Stored:
    """A stored photo: its line of the index, and its WebP files."""

    entry: dict[str, Any]
    image: bytes
    mask: bytes | None


@lru_cache(maxsize=16)
def _archive(path: str, process: int) -> zipfile.ZipFile:
    """This process's handle of an archive: a forked process would share the file position."""
    return zipfile.ZipFile(path)


def read(ref: Ref, mode: str = "RGB") -> np.ndarray:
    """A picture as uint8: (H, W, 3) for ``"RGB"``, (H, W) for ``"L"``."""
    path, member = ref
    whole = member is None
    data = Path(path).read_bytes() if whole else _archive(path, os.getpid()).read(member)
    with Image.open(io.BytesIO(data)) as picture:
        return np.asarray(picture.convert(mode))


def encode(job: Job) -> Stored | None:
    """Encode the photo; None where it has no usable mask or no person."""
    cv2.setNumThreads(1)
    image = read(job.image)
    entry = {"name": job.name, "kind": job.kind, "source": job.source, "version": job.version}
    entry["hashes"] = hash_words(grey_grid(image))
    if job.kind == SCENE:
        small = _webp(_square(image, job.side), job.quality)
        return Stored(entry | {"size": [job.side] * 2}, small, None)
    height, width = image.shape[:2]
    alpha = _alpha(job, (height, width))
    if alpha is None and job.kind != BOXES:
        return None
    scale = min(job.side / max(height, width), 1.0)
    size = max(round(height * scale), 8), max(round(width * scale), 8)
    image = _resized(image, size)
    alpha = None if alpha is None else _resized(alpha, size)
    kind = GROUP if job.kind == SINGLE and len(job.boxes) > 1 else job.kind
    if kind == SINGLE and not one_piece(alpha, 0.9):
        kind = GROUP
    boxes = (np.array(job.boxes).reshape(-1, 4) * [*size[::-1], *size[::-1]]).tolist()
    if kind == SINGLE:
        boxes = [mask_box(alpha)]
    entry |= {"kind": kind, "size": list(size), "portrait": job.portrait}
    entry["boxes"] = [[round(float(v), 1) for v in box] for box in boxes]
    return Stored(entry, _webp(image, job.quality), None if alpha is None else _mask_file(alpha))


def _alpha(job: Job, size: tuple[int, int]) -> np.ndarray | None:
    if job.polygons:
        return polygon_mask(job.polygons, size)
    hand = read(job.hand, "L") if job.hand else None
    if hand is not None and not job.teacher:
        # a soft mask is used unchanged
        soft = ((hand > 8) & (hand < 247)).any()
        return hand if soft else fused(hand, None, False)
    return fused(hand, read(job.teacher, "L") if job.teacher else None, job.checked)


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if image.shape[:2] == size:
        return image
    method = cv2.INTER_AREA if size[0] < image.shape[0] else cv2.INTER_LINEAR
    return cv2.resize(image, size[::-1], interpolation=method)


def _square(image: np.ndarray, side: int) -> np.ndarray:
    short = min(image.shape[:2])
    y, x = ((n - short) // 2 for n in image.shape[:2])
    return _resized(np.ascontiguousarray(image[y : y + short, x : x + short]), (side, side))


def _webp(image: np.ndarray, quality: int) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "WEBP", quality=quality, method=4)
    return stream.getvalue()


def _mask_file(alpha: np.ndarray) -> bytes:
    steps = (alpha.astype(np.uint16) + ALPHA_STEP // 2) // ALPHA_STEP * ALPHA_STEP
    stream = io.BytesIO()
    level = np.minimum(steps, 255).astype(np.uint8)
    Image.fromarray(level).save(stream, "WEBP", lossless=True, quality=50, method=3)
    return stream.getvalue()
