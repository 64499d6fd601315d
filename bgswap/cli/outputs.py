"""Checks of the output paths of a command, before it starts."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

from bgswap.errors import BadInput
from bgswap.io.files import check_writable


def check_outputs(
    read: Iterable[str | Path | None],
    output: Path,
    cutout: Path | None = None,
    mask: Path | None = None,
    transparent: bool = False,
) -> None:
    """Check that all results can be written.

    Args:
        read: the files that the command reads; None: not given.
        output: path of the picture.
        cutout: path of the kept people alone.
        mask: path of their mask.
        transparent: whether the picture has transparency.

    Raises:
        BadInput: one cannot be written, or would overwrite an input or another output.
    """
    sources = [Path(path) for path in read if path is not None]
    written = [(output, transparent), (cutout, True), (mask, False)]
    named = [(path, clear) for path, clear in written if path is not None]
    for path, clear in named:
        _check_output(path, sources, clear)
    for (one, _), (other, _) in combinations(named, 2):
        if os.path.realpath(one) == os.path.realpath(other):
            raise BadInput(f"picture, cut-out and mask need different files: {one}")


def _check_output(path: Path, sources: Sequence[Path], transparent: bool) -> None:
    from bgswap.io.encoding import WRITTEN

    if path.suffix.lower() not in WRITTEN:
        raise BadInput(f"a picture is saved as {', '.join(WRITTEN)}: {path}")
    if transparent and path.suffix.lower() in (".jpg", ".jpeg"):
        raise BadInput(f"JPEG has no transparency: save it as .png or .webp: {path}")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"there is no folder for {path}")
    check_writable(path)
    for source in sources:
        with contextlib.suppress(OSError, ValueError):  # one of them does not exist
            if path.samefile(source):
                what = "the photo" if source is sources[0] else str(source)
                raise BadInput(f"this would overwrite {what}: {path}")
