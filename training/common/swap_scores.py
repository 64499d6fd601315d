"""Metrics of composed pictures: similarity in the kept regions, distance from real pictures."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bgswap.io.images import open_photo
from training.common.metrics import kept_scores

PICTURES = {".png", ".jpg", ".jpeg", ".webp"}


def pictures_by_stem(folder: Path) -> dict[str, Path]:
    """The pictures in a folder by their names without suffix.

    Raises:
        FileNotFoundError: there are no pictures.
    """
    found = {p.stem: p for p in sorted(folder.glob("*")) if p.suffix.lower() in PICTURES}
    if not found:
        raise FileNotFoundError(f"no pictures in {folder}")
    return found


def score_kept(photos: Path, results: Path, cutouts: Path) -> dict[str, dict[str, float]]:
    """``ssim`` and ``mse`` of the kept regions of each result, and ``kept``, their share.

    Args:
        photos: folder of the input photos.
        results: folder of the results, with the same names.
        cutouts: folder of the cut-outs (RGBA PNG), with the same names; opaque pixels are kept.

    Raises:
        FileNotFoundError: a folder is empty, or a result lacks its photo or cut-out.
        ValueError: sizes differ, or nothing was kept.
    """
    sources, kept = pictures_by_stem(photos), pictures_by_stem(cutouts)
    scores = {}
    for stem, path in pictures_by_stem(results).items():
        missing = [str(f) for f, known in ((photos, sources), (cutouts, kept)) if stem not in known]
        if missing:
            raise FileNotFoundError(f"{path.name} is not in {' and '.join(missing)}")
        opaque = read_alpha(kept[stem]) == 255
        row = kept_scores(open_photo(path), open_photo(sources[stem]), opaque)
        scores[stem] = row | {"kept": float(opaque.mean())}
    return scores


def read_alpha(path: Path) -> np.ndarray:
    """The alpha of a picture, (H, W) uint8.

    Raises:
        ValueError: it has no alpha.
    """
    from PIL import Image

    with Image.open(path) as picture:
        if "A" not in picture.getbands():
            raise ValueError(f"{path} has no alpha: expected a cut-out")
        return np.asarray(picture.getchannel("A"))


def read_all(folder: Path) -> Sequence[np.ndarray]:
    """All pictures of a folder, (H, W, 3) uint8 RGB."""
    return [open_photo(path) for path in pictures_by_stem(folder).values()]
