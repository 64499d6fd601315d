"""What a training command shows: lines and bars of one process, trackers."""

import logging
import os
import sys
from collections.abc import Iterable, Sized
from typing import TypeVar

from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers
from tqdm import tqdm

Item = TypeVar("Item")
# Fewer than this are read in no time, and without a bar.
SHOWN_FROM = 1000
OWN_TRACKERS = ("tensorboard", "wandb", "trackio")


def first_process() -> bool:
    """Whether this is the only process of a training, or the first of several."""
    return os.environ.get("RANK", "0") == "0"


def configure_logging() -> None:
    """Lines on stderr: of the first process all, of others errors alone."""
    level = logging.INFO if first_process() else logging.ERROR
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)


def shown(items: Iterable[Item], what: str) -> Iterable[Item]:
    """The items; a bar is shown by the first process where there are many.

    Args:
        items: with a length.
        what: such as ``reading faces``.
    """
    many = isinstance(items, Sized) and len(items) >= SHOWN_FROM
    return tqdm(items, desc=what, disable=not (many and first_process()))


def tracker(name: str) -> str | None:
    """The name for accelerate's ``log_with``; None for none.

    Raises:
        ValueError: there is no such tracker, or its package is not installed.
    """
    if not name:
        return None
    if name not in LOGGER_TYPE_TO_CLASS:
        known = ", ".join(LOGGER_TYPE_TO_CLASS)
        raise ValueError(f"--track: expected one of {known}, got {name}")
    missing = {*OWN_TRACKERS} - {str(one) for one in get_available_trackers()}
    if name in missing:
        raise ValueError(f"--track {name} needs its package: pip install {name}")
    return name
