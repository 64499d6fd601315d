"""The geometry of the output frame: aspect, size, scale and position of the people.

The pixels are placed by :mod:`bgswap.compositing.placement`.

The frame is the largest one of the requested aspect inside the photo. Where it does not contain all
people it is extended beyond the photo until it does: the scene grows, and the people keep their
size. A person cut off by the photo's border must not float in the scene with a cut edge, so the
frame never extends beyond that border, for any aspect, scale or position. Where people are cut off
at two opposite borders, the frame cannot be larger than the photo along that axis, and an aspect
that would need it is refused.
"""

from dataclasses import dataclass
from math import ceil, floor

from bgswap.compositing.extent import Extent
from bgswap.compositing.frame import Frame
from bgswap.compositing.frame_options import CONFIG, FrameOptions, FramingConfig
from bgswap.errors import BadInput


def fit_frame(
    extent: Extent, options: FrameOptions | None = None, config: FramingConfig = CONFIG
) -> Frame:
    """The frame for a photo's kept people; nobody is cropped.

    A scale that is too large for the frame is lowered, and a position that would crop a person, or
    move them away from a border that cuts them off, is changed; ``notes`` tells both.

    Args:
        extent: of the people, see :func:`bgswap.compositing.extent.people_extent`.
        options: see :class:`FrameOptions`; None: the photo as it is.
        config: see :class:`FramingConfig`.

    Raises:
        BadInput: people are cut off at two opposite borders and the aspect needs room there.
    """
    options = options or FrameOptions()
    canvas = _canvas(extent, options, config)
    scale, notes = _people_scale(extent, options.scale, canvas)
    size = options.size[::-1] if options.size else _limited(canvas, config, notes)
    factor = min(size[0] / canvas[0], size[1] / canvas[1])
    placed = _placed(extent, size, scale * factor)
    spans = _spans(extent, placed, config)
    shares = options.position[::-1] if options.position else (None, None)
    top, left = (
        _start(span, side, length, share)
        for span, side, length, share in zip(spans, size, placed, shares, strict=True)
    )
    if options.position and _moved(spans, size, (top, left), options.position[::-1]):
        notes.append("The position was moved so that nobody is cropped or cut off in the open")
    return Frame(size, extent.size, placed, top, left, tuple(notes))


def _limited(canvas: tuple[int, int], config: FramingConfig, notes: list[str]) -> tuple[int, int]:
    """The canvas, scaled down (with a note) where it has too many pixels."""
    factor = (config.most_pixels / (canvas[0] * canvas[1])) ** 0.5
    if factor >= 1:
        return canvas
    notes.append(f"The picture was made smaller: {config.most_pixels // 10**6} megapixels at most")
    return max(int(canvas[0] * factor), 1), max(int(canvas[1] * factor), 1)


def _placed(extent: Extent, size: tuple[int, int], factor: float) -> tuple[int, int]:
    """(H, W) of the photo in the canvas; all of it between two borders that cut people off."""
    left, top, right, bottom = extent.cut
    height, width = (max(floor(side * factor + 1e-6), 1) for side in extent.size)
    return size[0] if top and bottom else height, size[1] if left and right else width


@dataclass(frozen=True)
class _Span:
    """The people along one axis of the placed photo, in pixels.

    Attributes:
        low, high: of their box.
        room: their box with a margin, clipped to the photo.
        cut_low, cut_high: whether that border cuts off a person.
    """

    low: float
    high: float
    room: tuple[float, float]
    cut_low: bool
    cut_high: bool


def _spans(extent: Extent, placed: tuple[int, int], config: FramingConfig) -> tuple[_Span, _Span]:
    """The people along the rows and along the columns."""
    x0, y0, x1, y1 = extent.box
    margin = config.margin * max(x1 - x0, y1 - y0)
    left, top, right, bottom = extent.cut
    rows, columns = (
        _Span(
            low * length / side,
            high * length / side,
            (max(low - margin, 0) * length / side, min(high + margin, side) * length / side),
            *cut,
        )
        for low, high, length, side, cut in (
            (y0, y1, placed[0], extent.size[0], (top, bottom)),
            (x0, x1, placed[1], extent.size[1], (left, right)),
        )
    )
    return rows, columns


def _canvas(extent: Extent, options: FrameOptions, config: FramingConfig) -> tuple[int, int]:
    """(H, W) of the frame in pixels of the photo."""
    height, width = extent.size
    ratio = options.ratio
    if ratio is None:
        return height, width
    x0, y0, x1, y1 = extent.box
    room = config.margin * max(x1 - x0, y1 - y0)
    wide = min(x1 + room, width) - max(x0 - room, 0)
    tall = min(y1 + room, height) - max(y0 - room, 0)
    needed = max(min(width, height * ratio), wide, tall * ratio)
    # Rounded up, so that everybody fits; the epsilon absorbs floating-point errors.
    sides = (ceil(needed / ratio - 1e-6), ceil(needed - 1e-6))
    left, top, right, bottom = extent.cut
    return (
        _side_length(sides[0], height, top and bottom, "top and bottom", options, config),
        _side_length(sides[1], width, left and right, "left and right", options, config),
    )


def _side_length(
    wanted: int,
    side: int,
    locked: bool,
    borders: str,
    options: FrameOptions,
    config: FramingConfig,
) -> int:
    """A side of the frame: at most the photo's where two borders cut people off."""
    if not locked or wanted <= side:
        return wanted
    if wanted <= side * (1 + config.tolerance) + 1:
        return side
    name = options.aspect if options.size is None else "{}x{}".format(*options.size)
    raise BadInput(
        f"{name} would crop somebody: the photo's {borders} borders cut people off, so the frame "
        f"cannot grow beyond them; choose another aspect"
    )


def _people_scale(
    extent: Extent, wanted: float, canvas: tuple[int, int]
) -> tuple[float, list[str]]:
    """The requested scale, or the largest one at which everybody fits, with a note."""
    x0, y0, x1, y1 = extent.box
    left, top, right, bottom = extent.cut
    if (left and right) or (top and bottom):
        if wanted == 1:
            return 1.0, []
        return 1.0, ["People who are cut off at opposite borders keep their size: scale 1"]
    # One pixel less than the canvas: the photo starts at a whole pixel, the people's box may not.
    most = max(min((canvas[1] - 1) / max(x1 - x0, 1), (canvas[0] - 1) / max(y1 - y0, 1)), 1)
    if wanted <= most:
        return wanted, []
    return most, [f"At scale {wanted:g} somebody would be cropped: {most:.2f} was taken"]


def _start(span: _Span, side: int, length: int, share: float | None) -> int:
    """The start of the placed photo in the canvas, along one axis."""
    if span.cut_low:
        return 0
    if span.cut_high:
        return side - length
    middle = (span.low + span.high) / 2
    if share is not None:
        return _within(round(share * side - middle), span.low, span.high, side)
    start = round(middle / length * side - middle)
    if span.room[1] - span.room[0] <= side:
        start = _within(start, *span.room, side)
    return _within(start, span.low, span.high, side)


def _within(start: int, low: float, high: float, side: int) -> int:
    """The nearest start at which low to high lies inside the canvas."""
    return max(min(start, floor(side - high)), -floor(low))


def _moved(
    spans: tuple[_Span, _Span],
    size: tuple[int, ...],
    start: tuple[int, int],
    wanted: tuple[float, ...],
) -> bool:
    """Whether the people's center is more than a pixel from the requested position."""
    return any(
        abs(begin + (span.low + span.high) / 2 - share * side) > 1
        for span, side, begin, share in zip(spans, size, start, wanted, strict=True)
    )
