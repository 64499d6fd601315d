"""Validation and parsing of a swap's options, before any model is loaded."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bgswap.backgrounds.base import BackgroundSource
from bgswap.backgrounds.spec import (
    BackgroundSpec,
    background_source,
    requested_background,
)
from bgswap.compositing.frame_options import FrameOptions, frame_options
from bgswap.errors import BadInput
from bgswap.io.images import open_mask
from bgswap.options import SwapOptions, rows
from bgswap.prompts import check_prompt
from bgswap.types import Strokes


@dataclass(frozen=True, eq=False)
class Plan:
    """The parsed options of a swap.

    Attributes:
        background: the source of the background; None: a scene generated from the prompt.
        frame: the requested output frame.
        strokes: corrections of the cut-out.
        notes: a sentence for each option that has no effect here.
    """

    background: BackgroundSource | None
    frame: FrameOptions
    strokes: Strokes
    notes: tuple[str, ...] = ()


def check_request(prompt: str, options: SwapOptions, background: object = None) -> None:
    """Check what can be checked without the photo and without reading a file.

    Args:
        prompt: the scene in words.
        options: of the swap.
        background: a custom background source, or None.

    Raises:
        BadInput: the options cannot be fulfilled for any photo.
    """
    spec = requested_background(options.background, options.background_picture)
    if spec is None and background is None:
        check_prompt(prompt)
    if spec is not None and spec.kind == "transparent" and options.format == "jpeg":
        raise BadInput("JPEG has no transparency: choose PNG or WebP")
    frame_options(options.aspect, options.scale, options.position, options.size)


def read_plan(
    prompt: str,
    options: SwapOptions,
    background: BackgroundSource | None = None,
    strokes: Strokes | None = None,
) -> Plan:
    """Parse the options and open the picture files that they name.

    Args:
        prompt: the scene in words; not needed with a background.
        options: of the swap.
        background: a custom source, in place of the options' background.
        strokes: in place of the options' masks.

    Raises:
        BadInput: an option or a file cannot be used.
    """
    check_request(prompt, options, background)
    spec = requested_background(options.background, options.background_picture)
    if background is None and spec is not None:
        background = background_source(spec)
    frame = frame_options(options.aspect, options.scale, options.position, options.size)
    if strokes is None:
        strokes = Strokes(
            read_mask("keep", options.keep_mask), read_mask("remove", options.remove_mask)
        )
    return Plan(background, frame, strokes, _without_effect(options, spec))


def _without_effect(options: SwapOptions, spec: BackgroundSpec | None) -> tuple[str, ...]:
    """Notes on the options that have no effect with this background."""
    if spec is None:
        return ()
    notes = []
    if options.variations > 1:
        notes.append("Only described scenes have variations: one picture was made")
    if spec.kind == "transparent" and options.shadow not in (0, rows()["shadow"].page):
        notes.append("Nothing is behind the people that a shadow could fall on")
    return tuple(notes)


def read_mask(name: str, path: Path | None) -> np.ndarray | None:
    """A mask from a picture file, (H, W) float32 in [0, 1]: white is 1.

    Args:
        name: ``keep`` or ``remove``, for the message.
        path: of the file; None: there is no mask.

    Raises:
        BadInput: the file is not a usable picture.
    """
    if path is None:
        return None
    try:
        return open_mask(path)
    except BadInput as error:
        raise BadInput(f"the {name} mask cannot be used: {error}") from None
