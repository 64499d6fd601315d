"""Photos and scenes of training packs as tensors on the training device."""

import io
import json
import os
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor

SIDE, SCENE_SIDE, MOST_BOXES = 448, 256, 24
SINGLE, GROUP, POLYGON, BOXES = range(4)
KINDS = {"single": SINGLE, "group": GROUP, "polygon": POLYGON, "boxes": BOXES}
EMPTY = 128


@dataclass(frozen=True)
class PhotoBank:
    """N photos of people, each in the top left corner of a square of S pixels.

    Attributes:
        images: (N, 3, S, S) uint8 RGB, 128 beyond the photo.
        alphas: (N, S, S) uint8, 255 is person; 0 beyond the photo, and where there is no mask.
        sizes: (N, 2) int64, height and width of the photo in pixels.
        kinds: (N,) int64: SINGLE, one person with a mask; GROUP, one mask of all people; POLYGON,
            one person's outline; BOXES, no mask.
        boxes: (N, 24, 4) float32, x0 y0 x1 y1 in pixels, zeros beyond the count.
        counts: (N,) int64, number of boxes; 0 where the photo is not labeled with boxes.
        portrait: (N,) bool, head and shoulders.
    """

    images: Tensor
    alphas: Tensor
    sizes: Tensor
    kinds: Tensor
    boxes: Tensor
    counts: Tensor
    portrait: Tensor

    def __len__(self) -> int:
        return len(self.kinds)

    @property
    def side(self) -> int:
        """S, pixels."""
        return self.images.shape[-1]


@dataclass(frozen=True)
class SceneBank:
    """Scenes without people: images (M, 3, 256, 256) uint8 RGB."""

    images: Tensor

    def __len__(self) -> int:
        return len(self.images)


class _Pack:
    """One folder that :mod:`training.synthesis.pack` wrote."""

    def __init__(self, folder: Path) -> None:
        lines = (folder / "index.jsonl").read_text().splitlines()
        self.entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self._archive = zipfile.ZipFile(folder / "pictures.zip")
        self._lock = Lock()
        self.names = set(self._archive.namelist())

    def read(self, name: str, mode: str) -> np.ndarray:
        """A picture, uint8: (H, W, 3) or (H, W)."""
        with self._lock:
            data = self._archive.read(name)
        with Image.open(io.BytesIO(data)) as picture:
            return np.asarray(picture.convert(mode))


def load_banks(
    folders: Sequence[Path],
    device: torch.device | str,
    limit: int | None = None,
    workers: int = 0,
) -> tuple[PhotoBank, SceneBank]:
    """Read packs into memory and put them on a device.

    Args:
        folders: that :mod:`training.synthesis.pack` wrote.
        device: of the tensors; 0.8 MB a photo, 0.2 MB a scene.
        limit: maximum number of each kind and source (and of scenes), for test runs.
        workers: decoding threads; 0: one a core.

    Raises:
        FileNotFoundError: a folder is not a pack.
        ValueError: the packs hold no photos.
    """
    packs = [_Pack(Path(folder)) for folder in folders]
    listed = _limited([(pack, entry) for pack in packs for entry in pack.entries], limit)
    photos = [item for item in listed if item[1]["kind"] in KINDS]
    scenes = [item for item in listed if item[1]["kind"] == "scene"]
    if not photos:
        raise ValueError("there are no photos in these packs")
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        bank = _photo_bank(photos, pool.map)
        ground = torch.zeros(len(scenes), 3, SCENE_SIDE, SCENE_SIDE, dtype=torch.uint8)

        def place(row: int) -> None:
            pack, entry = scenes[row]
            ground[row] = _channels_first(_square(pack.read(f"{entry['name']}.webp", "RGB")))

        list(pool.map(place, range(len(scenes))))
    moved = {name: value.to(device) for name, value in vars(bank).items()}
    return PhotoBank(**moved), SceneBank(ground.to(device))


def _limited(
    listed: list[tuple[_Pack, dict[str, Any]]], limit: int | None
) -> list[tuple[_Pack, dict[str, Any]]]:
    if limit is None:
        return listed
    counts: Counter[str] = Counter()
    kept = []
    for item in listed:
        entry = item[1]
        boxed = bool(entry.get("boxes"))
        group = f"{entry['kind']} {entry.get('portrait')} {entry['source']} {boxed}"
        counts[group] += 1
        if counts[group] <= limit:
            kept.append(item)
    return kept


def _photo_bank(photos: list[tuple[_Pack, dict[str, Any]]], run: Callable[..., Any]) -> PhotoBank:
    count = len(photos)
    bank = PhotoBank(
        images=torch.full((count, 3, SIDE, SIDE), EMPTY, dtype=torch.uint8),
        alphas=torch.zeros(count, SIDE, SIDE, dtype=torch.uint8),
        sizes=torch.tensor([entry["size"] for _, entry in photos]),
        kinds=torch.tensor([KINDS[entry["kind"]] for _, entry in photos]),
        boxes=torch.zeros(count, MOST_BOXES, 4),
        counts=torch.tensor([min(len(e["boxes"]), MOST_BOXES) for _, e in photos]),
        portrait=torch.tensor([entry["portrait"] for _, entry in photos]),
    )

    def place(row: int) -> None:
        pack, entry = photos[row]
        height, width = entry["size"]
        image = pack.read(f"{entry['name']}.webp", "RGB")
        bank.images[row, :, :height, :width] = _channels_first(image)
        mask = f"{entry['name']}.mask.webp"
        if mask in pack.names:
            bank.alphas[row, :height, :width] = torch.from_numpy(pack.read(mask, "L").copy())
        if entry["boxes"]:
            boxes = torch.tensor(entry["boxes"][:MOST_BOXES])
            bank.boxes[row, : len(boxes)] = boxes

    list(run(place, range(count)))
    return bank


def _channels_first(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


def _square(image: np.ndarray) -> np.ndarray:
    short = min(image.shape[:2])
    y, x = ((n - short) // 2 for n in image.shape[:2])
    image = np.ascontiguousarray(image[y : y + short, x : x + short])
    if short == SCENE_SIDE:
        return image
    return cv2.resize(image, (SCENE_SIDE, SCENE_SIDE), interpolation=cv2.INTER_AREA)
