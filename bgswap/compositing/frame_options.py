"""Options of the output frame: aspect, size, scale and position of the people."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from bgswap.errors import BadInput
from bgswap.options import ASPECTS, rows


@dataclass(frozen=True)
class FramingConfig:
    """Parameters of the framing.

    Attributes:
        margin: around the people where the frame crops the photo, as a share of the longer side of
            their box; half a head of a standing person.
        seen: alpha threshold of a person's extent; below is noise of the matting.
        cut_share: minimum share of the box's side that touches a border for the people to count as
            cut off by it.
        cut_depth: distance to the border that counts as touching, in pixels.
        tolerance: share of a side by which the aspect may be off where the people are cut off at
            two opposite borders; not visible.
        most_pixels: of a frame; a larger one is scaled down.
        side_bounds: minimum and maximum side of an output size, in pixels.
    """

    margin: float = 0.06
    seen: float = 0.05
    cut_share: float = 0.02
    cut_depth: int = 2
    tolerance: float = 0.005
    most_pixels: int = 40_000_000
    side_bounds: tuple[int, int] = (32, 16_383)


CONFIG = FramingConfig()


@dataclass(frozen=True)
class FrameOptions:
    """Options of the output frame.

    Attributes:
        aspect: ``photo`` (the photo's own, or that of the size) or width:height.
        scale: size of the people relative to the frame of that aspect, 0.2 to 3.
        position: x and y of the center of the people's box as fractions of the frame, in [0, 1];
            None: as in the photo.
        size: (width, height) of the output in pixels; None: people at the photo's resolution.

    Raises:
        BadInput: a value is out of its bounds, or aspect and size contradict each other.
    """

    aspect: str = "photo"
    scale: float = 1.0
    position: tuple[float, float] | None = None
    size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        low, high = rows()["scale"].bounds
        if self.aspect not in ASPECTS:
            raise BadInput(f"aspect must be one of {', '.join(ASPECTS)}: {self.aspect!r}")
        if not _within(self.scale, low, high):
            raise BadInput(f"scale must be a number from {low:g} to {high:g}, got {self.scale!r}")
        if self.position is not None and not (
            len(self.position) == 2 and all(_within(share, 0, 1) for share in self.position)
        ):
            raise BadInput(f"position must be two numbers from 0 to 1, got {self.position!r}")
        if self.size is not None:
            self._check_size(*self.size)

    def _check_size(self, width: int, height: int) -> None:
        shortest, longest = CONFIG.side_bounds
        within = all(_within(side, shortest, longest) for side in (width, height))
        if not within or width * height > CONFIG.most_pixels:
            raise BadInput(
                f"size must have {shortest} to {longest} pixels a side and "
                f"{CONFIG.most_pixels // 10**6} megapixels at most, got {width}x{height}"
            )
        if self.aspect != "photo":
            ratio = aspect_ratio(self.aspect)
            if abs(width - ratio * height) > max(1, ratio):
                raise BadInput(
                    f"a size of {width}x{height} is not {self.aspect}: give either of them"
                )

    @property
    def ratio(self) -> float | None:
        """The requested aspect ratio, width / height; None: the photo's own."""
        if self.size is not None:
            return self.size[0] / self.size[1]
        return None if self.aspect == "photo" else aspect_ratio(self.aspect)


def _within(value: Any, low: float, high: float) -> bool:
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    return number and low <= value <= high


def aspect_ratio(aspect: str) -> float:
    """Width / height of an aspect such as ``16:9``."""
    width, height = aspect.split(":")
    return int(width) / int(height)


def parse_size(text: str) -> tuple[int, int]:
    """``1920x1080`` (or with ``×``) as (width, height).

    Raises:
        BadInput: the text is not a size.
    """
    found = re.fullmatch(r"\s*(\d{1,6})\s*[x×]\s*(\d{1,6})\s*", text, re.ASCII | re.IGNORECASE)
    if not found:
        raise BadInput(f"a size is written WIDTHxHEIGHT in pixels, got {text[:40]!r}")
    return int(found[1]), int(found[2])


def parse_position(text: str) -> tuple[float, float]:
    """``0.3,0.6`` as (0.3, 0.6).

    Raises:
        BadInput: the text is not a position.
    """
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise BadInput(f"a position is written X,Y from 0 to 1, got {text[:40]!r}") from None
    return x, y


def frame_options(aspect: str, scale: float, position: str, size: str) -> FrameOptions:
    """Parse the options of the frame.

    Args:
        aspect: a key of :data:`bgswap.options.ASPECTS`.
        scale: size of the people.
        position: ``X,Y``; empty: as in the photo.
        size: ``WIDTHxHEIGHT``; empty: as the photo.

    Raises:
        BadInput: one cannot be parsed or is out of its bounds, or aspect and size contradict.
    """
    where = parse_position(position) if position.strip() else None
    return FrameOptions(aspect, scale, where, parse_size(size) if size.strip() else None)
