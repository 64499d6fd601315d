"""The 45 bad inputs of :mod:`bad_inputs`: files, prompts, people and option values."""

import io
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pictures import png
from PIL import Image


@dataclass(frozen=True)
class BadInputCase:
    """One bad input; everything that it does not name is valid.

    Attributes:
        name: of the case, for the table.
        message: a part of the error message that every interface must give.
        photo: name and bytes of the file; None: a valid photo.
        request: the invalid values, by parameter: prompt, people and options.
    """

    name: str
    message: str
    photo: tuple[str, bytes] | None = None
    request: dict[str, Any] = field(default_factory=dict)


def encoded(kind: str, size: tuple[int, int] = (200, 150), **options: Any) -> bytes:
    file, noise = io.BytesIO(), np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(noise).save(file, kind, **options)
    return file.getvalue()


def half(kind: str) -> bytes:
    """The first half of a picture file."""
    whole = encoded(kind)
    return whole[: len(whole) // 2]


def plain(width: int, height: int, level: int = 128) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (level, level, level)).save(file, "PNG")
    return file.getvalue()


NO_PICTURE, DAMAGED, NOBODY = "is no picture", "is damaged or cut off", "No person detected"
FILES = [
    BadInputCase("a text called .jpg", NO_PICTURE, ("notes.jpg", b"Dear diary, today ...")),
    BadInputCase("an empty file", NO_PICTURE, ("empty.png", b"")),
    BadInputCase(
        "a web page", NO_PICTURE, ("page.jpg", b"<!doctype html><html><body>404</body></html>")
    ),
    BadInputCase(
        "a PDF", NO_PICTURE, ("scan.pdf", b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n")
    ),
    BadInputCase("an SVG", NO_PICTURE, ("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")),
    BadInputCase(
        "a video", NO_PICTURE, ("clip.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" * 9)
    ),
    BadInputCase("an archive", NO_PICTURE, ("photos.zip", b"PK\3\4\x14\0\0\0\0\0" + bytes(90))),
    BadInputCase("a Photoshop file", NO_PICTURE, ("art.psd", b"8BPS\0\1" + bytes(200))),
    BadInputCase(
        "an EPS", NO_PICTURE, ("art.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    ),
    BadInputCase("an icon", NO_PICTURE, ("icon.ico", encoded("ICO", (64, 64)))),
    BadInputCase("a JPEG cut off", DAMAGED, ("cut.jpg", half("JPEG"))),
    BadInputCase("a PNG cut off", DAMAGED, ("cut.png", half("PNG"))),
    BadInputCase("a WebP cut off", "", ("cut.webp", half("WEBP"))),
    BadInputCase("a GIF cut off", DAMAGED, ("cut.gif", half("GIF"))),
    BadInputCase("a TIFF cut off", "", ("cut.tiff", half("TIFF"))),
    BadInputCase("a BMP cut off", DAMAGED, ("cut.bmp", half("BMP"))),
    BadInputCase("a PNG of its first bytes", NO_PICTURE, ("start.png", b"\x89PNG\r\n\x1a\n")),
    BadInputCase(
        "HEIC of zeros", NO_PICTURE, ("x.heic", struct.pack(">I", 24) + b"ftypheic" + bytes(99))
    ),
    BadInputCase(
        "a bomb of pixels", "megapixels at most", ("bomb.png", png(60_000, 60_000, 8, 2, b""))
    ),
    BadInputCase("42 megapixels", "megapixels at most", ("large.png", plain(7000, 6000))),
    BadInputCase("8 pixels a side", "32 pixels a side at least", ("tiny.png", plain(8, 8))),
    BadInputCase("a line", "32 pixels a side at least", ("line.png", plain(2000, 5))),
    BadInputCase("nobody there", NOBODY, ("grey.png", plain(320, 240))),
    BadInputCase("all black", NOBODY, ("black.png", plain(320, 240, 0))),
]
PROMPTS = [
    BadInputCase("no words", "Describe the scene", request={"prompt": ""}),
    BadInputCase("blanks", "Describe the scene", request={"prompt": " \t "}),
    BadInputCase(
        "characters of no width", "Describe the scene", request={"prompt": "\u200b\u2060"}
    ),
    BadInputCase("1001 characters", "1000 characters at most", request={"prompt": "x" * 1001}),
    BadInputCase("half a character", "half a character", request={"prompt": "a \ud83d forest"}),
    BadInputCase("a novel not to show", "at most", request={"negative_prompt": "x" * 5000}),
]
PEOPLE = [
    BadInputCase("nobody stays", "people must be", request={"people": ""}),
    BadInputCase("everybody", "people must be", request={"people": "everybody"}),
    BadInputCase("person 99", "There is no person 99", request={"people": "99"}),
    BadInputCase("person 0", "There is no person 0", request={"people": "0"}),
    BadInputCase("person 1.5", "people must be", request={"people": "1.5"}),
]
VALUES = [
    BadInputCase("0 steps", "steps must be", request={"steps": 0}),
    BadInputCase("many steps", "steps", request={"steps": "many"}),
    BadInputCase("a negative seed", "seed must be", request={"seed": -1}),
    BadInputCase("a seed of 33 bits", "seed must be", request={"seed": 2**32}),
    BadInputCase("9 variations", "variations must be", request={"variations": 9}),
    BadInputCase("150 % of light", "light must be", request={"light": 1.5}),
    BadInputCase("an unknown preset", "preset", request={"preset": "best"}),
    BadInputCase("a color that is none", "background", request={"background": "#12345"}),
    BadInputCase("a shape that is none", "aspect", request={"aspect": "5:0"}),
    BadInputCase("a size that is none", "size", request={"size": "wide"}),
]
INPUTS = [*FILES, *PROMPTS, *PEOPLE, *VALUES]
