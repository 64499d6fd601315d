"""Reading of photos, ahead of their turn."""

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bgswap.errors import BadInput
from bgswap.io.images import open_photo


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo that was read, or the error.

    Attributes:
        image: (H, W, 3) uint8 RGB, upright; None where it cannot be used.
        size: of its file in bytes.
        modified: of its file, nanoseconds since 1970.
        sha256: of its content, hexadecimal.
        error: why it cannot be used, one sentence; empty where it can.
    """

    image: np.ndarray | None
    size: int = 0
    modified: int = 0
    sha256: str = ""
    error: str = ""


def read_photo(path: Path, content: bytes | None = None) -> Photo:
    """Read a photo; an error of the photo is returned, not raised.

    Args:
        path: of its file.
        content: of the file, where it has been read already.
    """
    try:
        # Opening a named pipe would block until another process writes to it.
        if not path.is_file():
            return Photo(None, error=f"there is no file {path}")
        found = path.stat()
        content = path.read_bytes() if content is None else content
    except OSError as error:
        return Photo(None, error=f"the file {path} cannot be opened: {error.strerror}")
    facts = (len(content), found.st_mtime_ns, fingerprint(content))
    try:
        return Photo(open_photo(io.BytesIO(content)), *facts)
    except BadInput as error:
        return Photo(None, *facts, error=str(error))


def fingerprint(content: bytes) -> str:
    """SHA-256 of a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()
