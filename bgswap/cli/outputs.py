"""Where a command writes its pictures, looked at before any work."""

import contextlib
import os
from pathlib import Path

from bgswap.errors import BadInput
from bgswap.io.files import check_writable


def check_outputs(photo: Path, output: Path, cutout: Path | None) -> None:
    """Find out before minutes of work that their results could not be written.

    Raises:
        BadInput: one could not, or would overwrite the photo or the other one.
    """
    check_output(output, photo, transparent=False)
    if cutout:
        check_output(cutout, photo, transparent=True)
        if os.path.realpath(output) == os.path.realpath(cutout):
            raise BadInput(f"picture and cut-out need two files: {output}")


def check_output(path: Path, photo: Path, transparent: bool) -> None:
    """As :func:`check_outputs`, for one picture, which may have to hold transparency.

    Raises:
        BadInput: it could not be written, or would overwrite the photo.
    """
    from bgswap.io.encoding import WRITTEN

    if path.suffix.lower() not in WRITTEN:
        raise BadInput(f"a picture is saved as {', '.join(WRITTEN)}: {path}")
    if transparent and path.suffix.lower() in (".jpg", ".jpeg"):
        raise BadInput(f"JPEG has no transparency: save the cut-out as .png or .webp: {path}")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"there is no folder for {path}")
    check_writable(path)
    with contextlib.suppress(OSError, ValueError):  # one of them is not there
        if path.samefile(photo):
            raise BadInput(f"this would overwrite the photo: {path}")
