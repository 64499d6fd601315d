"""Between visitors and the core: errors in words, and no file but uploads."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gradio as gr

from bgswap.errors import BadInput, BgSwapError
from ui.zero_gpu import WENT_WRONG

log = logging.getLogger(__name__)


@contextmanager
def told_to_user() -> Iterator[None]:
    """Turn errors into what a visitor may read; anything unforeseen is logged whole.

    Raises:
        gr.Error: in place of every error from inside.
    """
    try:
        yield
    except gr.Error:
        raise
    except BgSwapError as error:
        raise gr.Error(str(error), title="That did not work", print_exception=False) from None
    except Exception:
        log.exception("a request failed")
        raise gr.Error(WENT_WRONG, title="Sorry", print_exception=False) from None


def warn(error: gr.Error) -> None:
    """Show an error without failing the event: Gradio runs what follows only after a success."""
    gr.Warning(error.message, title=error.title)


def uploaded(file: Mapping[str, Any] | None, cache: str | Path) -> Path:
    """The path of an uploaded file.

    A request may name any path as its file; only those inside the upload folder are let through.

    Args:
        file: Gradio's FileData as a dict.
        cache: Gradio's upload folder.

    Raises:
        BadInput: it is no uploaded file.
    """
    path = file.get("path") if isinstance(file, Mapping) else None
    if not isinstance(path, str) or not path:
        raise BadInput("photo must be an uploaded picture file")
    resolved = Path(path).resolve()
    if not resolved.is_relative_to(Path(cache).resolve()) or not resolved.is_file():
        raise BadInput("photo must be an uploaded picture file")
    return resolved
