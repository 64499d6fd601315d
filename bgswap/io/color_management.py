"""Conversion of decoded pictures of all Pillow modes to 8-bit sRGB."""

import io
import logging
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

log = logging.getLogger(__name__)

# Exceptions that Pillow's decoders raise on truncated, damaged or malicious files.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    AttributeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    ImageCms.PyCMSError,
)


def to_srgb(image: Image.Image) -> np.ndarray:
    """A decoded picture of any Pillow mode as 8-bit sRGB.

    An embedded ICC profile is applied (relative colorimetric, black point compensation, by
    LittleCMS; one that is broken or for another color space is ignored), grey of more than
    8 bits is scaled over its whole range, transparency is laid over white.

    Returns:
        (H, W, 3) uint8 sRGB.

    Raises:
        one of ``DECODER_ERRORS``: the picture cannot be converted.
    """
    icc = image.info.get("icc_profile")
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    image = _eight_bit(image)
    if image.mode in ("1", "L", "LA", "La"):
        color = image.convert("L")
    else:
        color = image if image.mode == "CMYK" else image.convert("RGB")
    color = _apply_profile(color, icc)
    if alpha is not None:
        over = Image.new("RGB", color.size, "white")
        over.paste(color, mask=alpha)
        color = over
    return np.array(color, dtype=np.uint8)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Grey of more than 8 bits (modes I;16, I, F) to L over its whole range."""
    if image.mode == "F":
        return Image.fromarray(float_levels(np.asarray(image)))
    if image.mode == "I" or image.mode.startswith("I;16"):
        tags = getattr(image, "tag_v2", {})
        bits, signed = tags.get(258, (16,))[0], tags.get(339, (1,))[0] == 2
        values = np.asarray(image)
        values = values.view(np.uint32) if image.mode == "I" and not signed else values
        return Image.fromarray(_levels(values, 2 ** (bits - signed) - 1))
    return image


def float_levels(values: np.ndarray) -> np.ndarray:
    """Floating-point levels of a picture of any shape as uint8."""
    values = np.nan_to_num(values, posinf=0, neginf=0)
    # A float file has no white level: take the lowest common one that is not exceeded.
    return _levels(values, next((w for w in (1, 255, 65535) if values.max() <= w), values.max()))


def _levels(values: np.ndarray, white: float) -> np.ndarray:
    scaled = values.astype(np.float64) * (255 / white)
    return np.clip(scaled.round(), 0, 255).astype(np.uint8)


def _apply_profile(image: Image.Image, icc: bytes | None) -> Image.Image:
    """L, RGB or CMYK to RGB; without a usable profile by Pillow's default conversion."""
    spaces = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
    if not icc:
        return image.convert("RGB")
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space = spaces.get(profile.profile.xcolor_space)
        if image.mode == "L" and space == "RGB":
            image = image.convert("RGB")
        if image.mode != space:
            raise ImageCms.PyCMSError(f"profile for {space}, picture of {image.mode}")
        converted = ImageCms.profileToProfile(
            image,
            profile,
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        assert converted is not None  # it would be None for inPlace=True
        return converted
    except (ImageCms.PyCMSError, OSError) as error:
        log.info("color profile ignored: %s", error)
        return image.convert("RGB")
