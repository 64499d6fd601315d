"""Finding the photos in folders, globs, lists and file names."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bgswap.errors import BadInput

# Suffixes of the formats that bgswap.io.images reads; other files in a folder are ignored.
SUFFIXES = {
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".dib"),
    *(".gif", ".tif", ".tiff", ".heic", ".heif", ".avif"),
}


@dataclass(frozen=True)
class Found:
    """One photo.

    Attributes:
        path: of the file, absolute.
        name: path with suffix, relative to the given folder: of ``holiday/day1/a.jpg`` in the
            folder ``holiday`` it is ``day1/a.jpg``.
    """

    path: Path
    name: Path


def find_photos(given: Sequence[str], out: Path) -> list[Found]:
    """The photos that the names refer to, without duplicates, in a fixed order.

    Args:
        given: folders (searched recursively, without hidden files), globs (``**`` allowed), files,
            and ``@FILE`` for a text file with one of these a line, relative to its folder.
        out: the folder of the results, which folders and globs skip.

    Raises:
        BadInput: one of the names matches no photo.
    """
    out = Path(os.path.realpath(out))
    photos: dict[str, Found] = {}
    for name in given:
        found = list(_expanded(name, Path.cwd(), out))
        for photo in found:
            photos.setdefault(os.path.realpath(photo.path), photo)
        if not found:
            raise BadInput(f"there is no photo in {name}")
    return list(photos.values())


def _expanded(name: str, base: Path, out: Path) -> Iterator[Found]:
    if name.startswith("@"):
        list_file = base / name[1:]
        for line in _lines(list_file):
            found = list(_expanded(line, list_file.parent, out))
            if not found:
                raise BadInput(f"there is no photo in {line} ({list_file})")
            yield from found
        return
    path = base / Path(name).expanduser()
    if path.is_dir():
        yield from _in_folder(path, out)
    elif path.exists():
        yield Found(path.absolute(), Path(path.name))
    elif glob.has_magic(name):
        yield from _matching(str(path), out)
    else:
        raise BadInput(f"there is no file {path}")


def _lines(list_file: Path) -> list[str]:
    try:
        text = list_file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise BadInput(f"the list {list_file} cannot be read: {reason}") from None
    return [line.strip() for line in text.splitlines() if line.strip()]


def _in_folder(folder: Path, out: Path) -> Iterator[Found]:
    for here, folders, files in os.walk(folder):
        parent = Path(here)
        folders[:] = sorted(
            f for f in folders if f[0] != "." and Path(os.path.realpath(parent / f)) != out
        )
        if Path(os.path.realpath(parent)) == out:
            return
        for file in sorted(files):
            if file[0] != "." and Path(file).suffix.lower() in SUFFIXES:
                path = parent / file
                yield Found(path.absolute(), path.relative_to(folder))


def _matching(pattern: str, out: Path) -> Iterator[Found]:
    fixed = Path(pattern)
    while glob.has_magic(str(fixed)):
        fixed = fixed.parent
    for match in sorted(glob.iglob(pattern, recursive=True)):  # noqa: PTH207
        path = Path(match)
        inside = out in Path(os.path.realpath(path)).parents
        if path.is_file() and path.suffix.lower() in SUFFIXES and not inside:
            yield Found(path.absolute(), path.relative_to(fixed))
