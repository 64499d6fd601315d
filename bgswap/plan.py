"""A swap's options as they are used: read and refused before any model is loaded."""

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
from bgswap.options import SwapOptions
from bgswap.prompts import check_prompt
from bgswap.types import Strokes


@dataclass(frozen=True, eq=False)
class Plan:
    """What a swap does besides finding and cutting out people.

    Attributes:
        background: stands behind the people; None: a scene in words.
        frame: of the picture.
        strokes: correct the cut-out.
        notes: in words, what of the options has no effect here.
    """

    background: BackgroundSource | None
    frame: FrameOptions
    strokes: Strokes
    notes: tuple[str, ...] = ()


def check_request(prompt: str, options: SwapOptions, background: object = None) -> None:
    """Refuse what cannot be done, whatever the photo shows; the disk is not touched.

    Args:
        prompt: the scene in words.
        options: of the swap.
        background: a source of one's own, where there is one.

    Raises:
        BadInput: so.
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
    """The options as they are used; pictures are opened.

    Args:
        prompt: the scene in words; not needed with a background.
        options: of the swap.
        background: a source of one's own, in place of the options' background.
        strokes: in place of the options' masks.

    Raises:
        BadInput: something cannot be used.
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
    """In words, what of the options has no effect before such a background."""
    if spec is None:
        return ()
    notes = []
    if options.variations > 1:
        notes.append("Only described scenes have variations: one picture was made")
    if spec.kind == "transparent" and options.shadow:
        notes.append("Nothing is behind the people that a shadow could fall on")
    return tuple(notes)


def read_mask(name: str, path: Path | None) -> np.ndarray | None:
    """A mask from a picture file: white counts. (H, W) float32 in [0, 1].

    Args:
        name: ``keep`` or ``remove``, for the message.
        path: of the file; None: there is no mask.

    Raises:
        BadInput: the file is no picture that can be used.
    """
    if path is None:
        return None
    try:
        return open_mask(path)
    except BadInput as error:
        raise BadInput(f"the {name} mask cannot be used: {error}") from None
