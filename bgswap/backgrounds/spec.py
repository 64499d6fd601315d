"""Backgrounds named by a text: what the command line, the API and the page send."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bgswap.backgrounds.base import BackgroundSource
from bgswap.backgrounds.blur import CONFIG, BlurredPhoto
from bgswap.backgrounds.picture import OwnPicture, PictureMode
from bgswap.backgrounds.plain import Color, PlainColor, Transparent
from bgswap.errors import BadInput
from bgswap.io.images import open_photo
from bgswap.option import check_text

WITHOUT_FILE = "'#rrggbb', '#rrggbb-#rrggbb', 'blur', 'blur:N' or 'transparent'"
COLOR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.ASCII | re.IGNORECASE)
# Longer texts are cut where a message repeats them.
SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class BackgroundSpec:
    """A requested background, before its file is opened.

    Attributes:
        kind: ``picture``, ``color``, ``blur`` or ``transparent``.
        path: of the picture.
        colors: one or two (gradient, top to bottom), sRGB, 0 to 255.
        strength: of the blur, 1 to 100.
    """

    kind: Literal["picture", "color", "blur", "transparent"]
    path: Path | None = None
    colors: tuple[Color, ...] = ()
    strength: float = CONFIG.default


def parse_background(text: str, *, may_name_file: bool = False) -> BackgroundSpec:
    """The background that a text names; the disk is not touched.

    Args:
        text: ``#rrggbb`` or ``#rgb``, two of them with a hyphen between (a gradient from top to
            bottom), ``blur``, ``blur:N``, ``transparent``, in any case; or, where allowed, the
            path of a picture (one that begins like a color or is called ``blur`` is written
            ``./blur``).
        may_name_file: whether anything else is a path, as on the command line. A text from the
            network must not name files of the server.

    Raises:
        BadInput: the text names no background.
    """
    check_text("background", text)
    word = text.strip()
    if word.startswith("#"):
        return BackgroundSpec("color", colors=_colors(word))
    if word.lower() == "transparent":
        return BackgroundSpec("transparent")
    name, colon, number = word.partition(":")
    if name.strip().lower() == "blur":
        return BackgroundSpec("blur", strength=_strength(number) if colon else CONFIG.default)
    if not word:
        raise BadInput(f"background is empty: expected {_forms(may_name_file)}")
    if not may_name_file:
        raise BadInput(f"background must be {_forms(False)}, got {_short(word)}")
    return BackgroundSpec("picture", path=Path(text))


def requested_background(text: str, picture: str | Path | None) -> BackgroundSpec | None:
    """The background of a request with a text and an uploaded picture, either of them optional.

    Args:
        text: as :func:`parse_background` reads it, without files; may be empty.
        picture: path of the upload.

    Returns:
        None where neither was given: the scene is described in words.

    Raises:
        BadInput: both were given, or the text names no background.
    """
    check_text("background", text)
    if picture is None:
        return parse_background(text) if text.strip() else None
    if text.strip():
        raise BadInput("give either background or background_picture, not both")
    return BackgroundSpec("picture", path=Path(picture))


def background_source(
    spec: BackgroundSpec,
    mode: PictureMode = "fill",
    position: tuple[float, float] = (0.5, 0.5),
) -> BackgroundSource:
    """The source that makes a background; a picture is opened here, as photos are.

    Args:
        spec: the requested background.
        mode, position: of a picture, see :class:`OwnPicture`.

    Raises:
        BadInput: the picture cannot be opened, or a value is out of its bounds.
    """
    if spec.kind == "color":
        return PlainColor(*spec.colors)
    if spec.kind == "blur":
        return BlurredPhoto(spec.strength)
    if spec.kind == "transparent":
        return Transparent()
    if spec.path is None:
        raise ValueError("a background picture needs a path")
    try:
        picture = open_photo(spec.path)
    except BadInput as error:
        others = f"; it may also be {WITHOUT_FILE}" if not spec.path.suffix else ""
        raise BadInput(f"the background cannot be used: {error}{others}") from None
    return OwnPicture(picture, mode, position)


def _colors(word: str) -> tuple[Color, ...]:
    parts = [part.strip() for part in word.split("-")]
    if len(parts) > 2 or not all(COLOR.fullmatch(part) for part in parts):
        raise BadInput(
            f"a background color is written '#rrggbb', a gradient of two '#rrggbb-#rrggbb', "
            f"got {_short(word)}"
        )
    return tuple(_color(part[1:]) for part in parts)


def _color(digits: str) -> Color:
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def _strength(number: str) -> float:
    try:
        strength = float(number)
    except ValueError:
        strength = math.nan
    if not CONFIG.least <= strength <= CONFIG.most:
        raise BadInput(
            f"a blur is written 'blur' or 'blur:N' with N from {CONFIG.least:g} to "
            f"{CONFIG.most:g}, got {_short('blur:' + number)}"
        )
    return strength


def _forms(may_name_file: bool) -> str:
    if may_name_file:
        return f"a picture file, {WITHOUT_FILE}"
    return f"{WITHOUT_FILE}, or a picture in background_picture"


def _short(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…")
