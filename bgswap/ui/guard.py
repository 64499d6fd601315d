"""Errors as messages for visitors, and a check that files are uploads of this server."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr

from bgswap.errors import BadInput, BgSwapError
from bgswap.ui.examples import example_photos
from bgswap.ui.zero_gpu import WENT_WRONG

log = logging.getLogger(__name__)

NOT_UPLOADED = "{} must be an uploaded picture file"
BAD_ADDRESS = "The {} at this address cannot or may not be fetched: send the file itself"
GONE = "This photo is no longer here: drop it again"
# The folders of an absolute path: where a server keeps its files is nobody's business.
FOLDERS = re.compile(r"(?<![\w.:/])(?:/|[A-Za-z]:\\)(?:[^\s/\\'\"]+[/\\])+")


@contextmanager
def gradio_errors() -> Iterator[None]:
    """Turn errors into what a visitor may read; anything unforeseen is logged whole.

    Raises:
        gr.Error: in place of every error from inside.
    """
    try:
        yield
    except gr.Error:
        raise
    except BgSwapError as error:
        message = without_folders(str(error))
        raise gr.Error(message, title="That did not work", print_exception=False) from None
    except Exception:
        log.exception("a request failed")
        raise gr.Error(WENT_WRONG, title="Sorry", print_exception=False) from None


def without_folders(text: str) -> str:
    """The text with every absolute path cut down to the name of its file."""
    return FOLDERS.sub("", text)


def warn(error: gr.Error) -> None:
    """Show an error without failing the event: Gradio runs what follows only after a success."""
    gr.Warning(error.message, title=error.title)


def selected_index(event: gr.SelectData, number: int) -> int | None:
    """Which of so many pictures in a gallery was clicked; None where there is no such picture."""
    index = event.index
    return index if isinstance(index, int) and 0 <= index < number else None


def uploaded_path(file: Any, cache: str | Path, name: str = "photo") -> Path:
    """The path of an uploaded file.

    A request may name any path as its file; only those inside the upload folder, and the photos
    that the page offers, are let through.

    Args:
        file: Gradio's FileData as a dict.
        cache: Gradio's upload folder.
        name: of the parameter, for the message.

    Raises:
        BadInput: it is no uploaded file.
    """
    path = file.get("path") if isinstance(file, Mapping) else file
    if isinstance(path, str) and path.startswith(("http://", "https://")):
        raise BadInput(BAD_ADDRESS.format(name))
    if not isinstance(file, Mapping) or not isinstance(path, str) or not path:
        raise BadInput(NOT_UPLOADED.format(name))
    try:
        resolved = Path(path).resolve()
    except (OSError, ValueError):  # a NUL byte, a loop of links, a name too long
        raise BadInput(NOT_UPLOADED.format(name)) from None
    if resolved in example_photos():
        return resolved
    if not resolved.is_relative_to(Path(cache).resolve()):
        raise BadInput(NOT_UPLOADED.format(name))
    return present(resolved)


def present(photo: Path) -> Path:
    """An uploaded photo that was opened before.

    Raises:
        BadInput: it was deleted since.
    """
    if not photo.is_file():
        raise BadInput(GONE)
    return photo
