"""Atomic writing of files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from bgswap.errors import BadInput


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file atomically.

    A full disk or a killed process leaves the earlier content.

    Raises:
        BadInput: the file cannot be written there; the message names it.
    """
    with writing_whole(path) as file:
        file.write(content)


@contextmanager
def writing_whole(path: str | Path) -> Iterator[BinaryIO]:
    """As :func:`write_whole`, for content that is written in several steps inside the block.

    The file appears when the block ends without an error.

    Raises:
        BadInput: the file cannot be written there, or the block raised an OSError.
    """
    with _as_bad_input(path), _partial(Path(path)) as (target, partial):
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)


def check_writable(path: str | Path) -> None:
    """Check that :func:`write_whole` can write a file, without changing it.

    Raises:
        BadInput: its folder is missing or cannot be written to, its name is too long, or a folder
            has its name.
    """
    with _as_bad_input(path), _partial(Path(path)) as (_, partial):
        partial.touch(exist_ok=False)


@contextmanager
def _partial(path: Path) -> Iterator[tuple[Path, Path]]:
    """The target of a path with links resolved, and a temporary path beside it."""
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
def _as_bad_input(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"cannot write {path}: {reason}") from None
