"""Files are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from bgswap.errors import BadInput


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file so that at any moment either the old content or all of the new one is there.

    A disk that is full, or a process that ends, leaves what was there before.

    Raises:
        BadInput: the file cannot be written there; the message names it.
    """
    with writing_whole(path) as file:
        file.write(content)


@contextmanager
def writing_whole(path: str | Path) -> Iterator[BinaryIO]:
    """As :func:`write_whole`, for content that is written piece by piece inside the block.

    The file is there once the block is left; where an error leaves it, nothing is.

    Raises:
        BadInput: the file cannot be written there, or the block met an error of the disk.
    """
    with _told(path), _partial(Path(path)) as (target, partial):
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)


def check_writable(path: str | Path) -> None:
    """Find out whether :func:`write_whole` could write a file, without changing it.

    Raises:
        BadInput: its folder is missing or cannot be written to, its name is too long, or a folder
            has its name.
    """
    with _told(path), _partial(Path(path)) as (_, partial):
        partial.touch(exist_ok=False)


@contextmanager
def _partial(path: Path) -> Iterator[tuple[Path, Path]]:
    """The file that a path stands for, and a path beside it that is gone in the end."""
    target = Path(os.path.realpath(path))
    if target.is_dir():  # this also refuses a name that is too long
        raise IsADirectoryError(0, "a folder has that name")
    partial = target.with_name(f".{uuid4().hex}.partial")
    try:
        yield target, partial
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def _told(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"cannot write {path}: {reason}") from None
