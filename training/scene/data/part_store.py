"""All scene pictures in the memory of the device, and crops of them in any shape."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from training.scene.data.pictures import STUDIO_COLORS, draw_studio

# Stored pictures are landscape: SHORT pixels high, up to LONG wide; portrait ones are transposed.
SHORT, LONG = 256, 384
STYLES = ("plain", "gradient", "spot")
STUDIO = "studio"


@dataclass
class Pictures:
    """Pictures of several aspects in one tensor.

    Attributes:
        pixels: (N, 3, 256, 384) uint8 RGB; black beyond a picture's width.
        sizes: (N, 2) float32, width and height in pixels, before transposing.
        upright: (N,) bool, stored transposed.
        kinds: the class of each.
        said: measured attributes (see :func:`training.scene.captions.measure`); for studios color
            and style.
        sharp: (N,) bool, not enlarged from 128 pixels.
    """

    pixels: Tensor
    sizes: Tensor
    upright: Tensor
    kinds: list[str]
    said: list[list[str]]
    sharp: Tensor

    def __len__(self) -> int:
        return len(self.kinds)

    def crops(self, chosen: Tensor, height: int, width: int, least: float = 1.0) -> Tensor:
        """Each picture's largest window of an aspect, or a smaller one, half of them mirrored.

        Args:
            chosen: (B,) indices of pictures.
            height, width: of the crops, in pixels.
            least: half of the windows are smaller, down to this share of the largest.

        Returns:
            (B, 3, height, width) float32 in [-1, 1].
        """
        wide, high = self.sizes[chosen].unbind(1)
        box = torch.minimum(wide, high * (width / height))
        drawn = torch.rand(4, len(chosen), device=box.device)
        box = box * torch.where(drawn[0] < 0.5, 1, least + (1 - least) * drawn[1])
        return self._cut(chosen, box, box * (height / width), (height, width), drawn[2:])

    def patches(self, chosen: Tensor, side: int) -> Tensor:
        """(B, 3, side, side) float32 in [-1, 1], pixel for pixel, from anywhere."""
        box = torch.full((len(chosen),), float(side), device=self.sizes.device)
        drawn = torch.rand(2, len(chosen), device=box.device)
        return self._cut(chosen, box, box, (side, side), drawn)

    def sharp_patches(self, count: int, side: int) -> Tensor:
        """Patches of ``count`` random pictures that were not enlarged, as :meth:`patches`."""
        among = torch.nonzero(self.sharp)[:, 0]
        return self.patches(among[torch.randint(len(among), (count,), device=among.device)], side)

    def _cut(
        self, chosen: Tensor, wide: Tensor, high: Tensor, shape: tuple[int, int], drawn: Tensor
    ) -> Tensor:
        """Windows of ``wide`` by ``high`` pixels, their places from ``drawn``, to one shape."""
        room = self.sizes[chosen] - torch.stack([wide, high], 1)
        left, top = (room.clamp(min=0) * drawn.T).floor().unbind(1)
        mirror = torch.where(torch.rand_like(wide) < 0.5, -1.0, 1.0)
        across, down = torch.zeros(2, len(chosen), 3, device=wide.device)
        across[:, 0], across[:, 2] = wide * mirror, 2 * left + wide
        down[:, 1], down[:, 2] = high, 2 * top + high
        turned = self.upright[chosen][:, None]
        place = torch.stack(
            [torch.where(turned, down, across), torch.where(turned, across, down)], 1
        )
        place = place / torch.tensor([LONG, SHORT], device=wide.device)[:, None]
        place[..., 2] -= 1
        grid = F.affine_grid(place, [len(chosen), 3, *shape], align_corners=False)
        stored = self.pixels[chosen].float() / 127.5 - 1
        cut = F.grid_sample(stored, grid, "bicubic", "border", align_corners=False)
        return cut.clamp(-1, 1)


def load_pictures(
    folder: Path, part: str, device: str, limit: int | None = None, studios: int = 0
) -> Pictures:
    """Read a packed set (see :mod:`training.scene.data.pack_scenes`), and draw studios beside it.

    Args:
        folder: with ``index.zip`` and ``scenes-N.zip``; missing parts are left out.
        part: ``train`` or ``val``.
        device: where the pictures are kept.
        limit: at most so many.
        studios: number of drawn pictures of each color and style.
    """
    with zipfile.ZipFile(folder / "index.zip") as archive:
        lines = archive.read("index.jsonl").decode().splitlines()
    rows = {row["file"]: row for row in map(json.loads, lines)}
    files = {}
    for path in sorted(folder.glob("scenes-*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if rows[name]["file"].split("/")[1] == part and len(files) < (limit or 10**9):
                    files[name] = archive.read(name)
    with ThreadPoolExecutor(16) as pool:
        decoded = list(pool.map(_decode, files.values()))
    chosen = [rows[name] for name in files]
    # Pictures enlarged from 128 pixels are blurred: with that in the caption, others stay sharp.
    blurred = {True: ["blurred"], False: []}
    labels = [(r["class"], r["said"] + blurred[r["small"]], not r["small"]) for r in chosen]
    rng = np.random.default_rng(0)
    for color, style in [(c, s) for c in STUDIO_COLORS for s in STYLES] * studios:
        drawn = draw_studio(color, style, SHORT, rng)
        decoded.append(_stored(drawn))
        labels.append((STUDIO, [color, style], True))
    kinds, said, sharp = (list(column) for column in zip(*labels, strict=True))
    pixels, sizes, upright = zip(*decoded, strict=True)
    return Pictures(
        torch.from_numpy(np.stack(pixels)).to(device).permute(0, 3, 1, 2).contiguous(),
        torch.tensor(sizes, dtype=torch.float32, device=device),
        torch.tensor(upright, device=device),
        kinds,
        said,
        torch.tensor(sharp, device=device),
    )


def _decode(data: bytes) -> tuple[np.ndarray, tuple[int, int], bool]:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return _stored(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def _stored(picture: np.ndarray) -> tuple[np.ndarray, tuple[int, int], bool]:
    """A picture as it is kept: pixels (256, 384, 3), its width and height, whether transposed."""
    height, width = picture.shape[:2]
    if min(height, width) != SHORT or max(height, width) > LONG:
        scale = SHORT / min(height, width)
        width, height = (min(LONG, round(side * scale)) for side in (width, height))
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC)
    upright = height > width
    kept = np.zeros((SHORT, LONG, 3), np.uint8)
    kept[:, : max(height, width)] = picture.transpose(1, 0, 2) if upright else picture
    return kept, (width, height), upright


def load_people(folder: Path, limit: int | None = None) -> list[np.ndarray]:
    """The packed people, (S, S, 4) uint8 RGBA each."""
    with zipfile.ZipFile(folder / "index.zip") as archive:
        names = [n for n in archive.namelist() if n.startswith("people/")][:limit]
        files = [archive.read(name) for name in names]
    return [np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")) for data in files]
