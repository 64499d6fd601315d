"""The files of a result: pictures at full size, and smaller ones for the page."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bgswap import SwapOptions, SwapResult
from bgswap.io import encoding, images, metadata

# Beyond this many pixels a side the page shows a smaller copy; downloads are always full size.
LONGEST_VIEW = 2048
# Pixels a side of a thumbnail among the earlier results.
LONGEST_SMALL = 240


@dataclass(frozen=True)
class Saved:
    """The files of one result.

    Attributes:
        pictures: the candidates at full size, best first.
        views: the same at the size the page shows them.
        cutout: the kept people as RGBA PNG at full size.
        small: the best candidate as a thumbnail.
    """

    pictures: list[Path]
    views: list[Path]
    cutout: Path
    small: Path


def save_view(image: np.ndarray, path: Path) -> Path:
    """Write a picture, (H, W, 3) uint8 RGB, as PNG at the size that the page shows."""
    encoding.save(images.fit_within(image, longest=LONGEST_VIEW), path)
    return path


def save_result(result: SwapResult, base: Path, options: SwapOptions) -> Saved:
    """Write all files of a result, with their origin inside.

    Args:
        result: of a swap.
        base: folder and beginning of every file's name.
        options: say which kind of file.
    """
    folder, stem, suffix = base.parent, base.name, encoding.SUFFIXES[options.format]
    pictures, views = [], []
    for index, candidate in enumerate(result.candidates):
        name = stem if index == 0 else f"{stem}-{index + 1}"
        path = folder / f"{name}{suffix}"
        told = result.details | {"seed": candidate.seed}
        metadata.save(candidate.image, path, told, options.quality)
        pictures.append(path)
        small = max(candidate.image.shape[:2]) <= LONGEST_VIEW
        views.append(path if small else save_view(candidate.image, folder / f"{name}-view.png"))
    cutout = folder / f"{stem}-cut-out.png"
    metadata.save(result.cutout, cutout, {})
    thumbnail = folder / f"{stem}-small.png"
    encoding.save(images.fit_within(result.image, longest=LONGEST_SMALL), thumbnail)
    return Saved(pictures, views, cutout, thumbnail)
