"""Encoding of pictures as PNG, JPEG and WebP, marked as sRGB, and atomic writing of files."""

import io
import struct
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from bgswap.errors import BadInput
from bgswap.io.files import write_whole

WRITTEN = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
# The suffix of each value of the option ``format``.
SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
# Quality of JPEG and WebP, as defined by their libraries.
QUALITY, LEAST_QUALITY, MOST_QUALITY = 95, 1, 100
LONGEST_SIDE = {"PNG": 2**31 - 1, "JPEG": 65_500, "WEBP": 16_383}


def format_of(path: Path) -> str:
    """The option ``format`` that a path's suffix stands for; PNG where it stands for none."""
    kind = WRITTEN.get(path.suffix.lower(), "PNG")
    return next(name for name, suffix in SUFFIXES.items() if WRITTEN[suffix] == kind)


def encode(
    image: np.ndarray,
    suffix: str,
    text: Mapping[str, str] | None = None,
    xmp: str = "",
    quality: int = QUALITY,
) -> bytes:
    """A picture as the bytes of a file, marked as sRGB.

    Args:
        image: (H, W, 3) uint8 RGB or (H, W, 4) uint8 RGBA (PNG and WebP only).
        suffix: ``.png`` (lossless), ``.jpg``, ``.jpeg`` or ``.webp`` (lossy), any case.
        text: keywords and their text: PNG text chunks; of JPEG and WebP only ``Description`` and
            ``Software``, as EXIF, in ASCII.
        xmp: an XMP packet.
        quality: of JPEG and WebP, 1 (smallest file) to 100; PNG is lossless whatever it says.

    Raises:
        BadInput: another suffix, RGBA as JPEG, a side longer than the format allows, or a quality
            out of its bounds.
        ValueError: the array has another shape or dtype.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (3, 4):
        raise ValueError(f"expected (H, W, 3 or 4) uint8, got {image.shape} {image.dtype}")
    kind = WRITTEN.get(suffix.lower())
    if kind is None:
        raise BadInput(f"a picture is saved as {', '.join(WRITTEN)}, not as {suffix!r}")
    if kind == "JPEG" and image.shape[2] == 4:
        raise BadInput("JPEG has no transparency: save the cut-out as .png or .webp")
    check_sides(image.shape[:2], kind)
    if not LEAST_QUALITY <= quality <= MOST_QUALITY:
        raise BadInput(f"quality must be from {LEAST_QUALITY} to {MOST_QUALITY}, got {quality!r}")
    buffer = io.BytesIO()
    options = _encoder_options(kind, text or {}, xmp, int(quality))
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


def check_sides(size: tuple[int, ...], kind: str) -> None:
    """Check that a file format, such as ``WEBP``, allows pictures of (H, W).

    Raises:
        BadInput: it does not.
    """
    if max(size) > LONGEST_SIDE[kind]:
        raise BadInput(f"{kind} allows {LONGEST_SIDE[kind]} pixels a side at most: save as .png")


def _encoder_options(
    kind: str, text: Mapping[str, str], xmp: str, quality: int
) -> dict[str, object]:
    if kind == "PNG":
        chunks = PngImagePlugin.PngInfo()
        chunks.add(b"sRGB", b"\0")
        for keyword, value in text.items():
            chunks.add_text(keyword, value)
        if xmp:
            chunks.add_itxt("XML:com.adobe.xmp", xmp)
        return {"pnginfo": chunks, "compress_level": 2}
    exif = Image.Exif()
    tags = {"Description": ExifTags.Base.ImageDescription, "Software": ExifTags.Base.Software}
    for keyword, tag in tags.items():
        if keyword in text:
            exif[tag] = text[keyword]
    shared = {"exif": exif, "icc_profile": _srgb_profile(), "xmp": xmp.encode()}
    if kind == "JPEG":
        return shared | {"quality": quality, "subsampling": "4:4:4"}
    return shared | {"quality": quality, "method": 2, "exact": False}


@cache
def _srgb_profile() -> bytes:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # Fix the creation date (ICC.1, bytes 24 to 35), so that equal pictures give equal files.
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(profile)


def save(
    image: np.ndarray,
    path: str | Path,
    text: Mapping[str, str] | None = None,
    xmp: str = "",
    quality: int = QUALITY,
) -> None:
    """Write a picture atomically, in the format of the path's suffix; see :func:`encode`.

    Raises:
        BadInput: as :func:`encode`, or the file cannot be written there.
    """
    write_whole(path, encode(image, Path(path).suffix, text, xmp, quality))
