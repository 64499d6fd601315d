"""Opening of photos and masks: checks, EXIF orientation, color management; and resizing."""

import logging
import threading
import warnings
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from bgswap.errors import BadInput, MissingLibrary
from bgswap.io.color_management import DECODER_ERRORS, to_srgb

try:
    import cv2

    from bgswap.io.float_tiff import read_float_tiff
except ImportError as error:
    raise MissingLibrary(
        f"OpenCV cannot be loaded ({error}): install the system packages that packages.txt names, "
        "on Debian and Ubuntu with apt-get install libgl1 libglib2.0-0"
    ) from error

log = logging.getLogger(__name__)

# Saved before ultralytics replaces it by a function that, on a file that is not a picture, tries to
# install another HEIF package.
open_image = Image.open

MOST_PIXELS = 40_000_000
SHORTEST_SIDE = 32
READ = "PNG, JPEG, WebP, BMP, GIF, TIFF or HEIC"
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "HEIF", "AVIF")
# Warning filters are global to the process, and not safe to change in two threads.
_DECODING = threading.Lock()


def open_photo(source: str | Path | np.ndarray | BinaryIO) -> np.ndarray:
    """Open a photo as an image viewer would show it.

    EXIF orientation is applied, an embedded ICC profile is converted to sRGB (a broken one is
    ignored), transparency is laid over white, of several frames the first is taken, and 16-bit,
    float, grey, palette, CMYK and Lab pictures become 8-bit RGB.

    Args:
        source: a path, an open binary file, or an (H, W, 3) uint8 RGB array, which is checked and
            returned as it is (C-contiguous, copied only if needed).

    Returns:
        (H, W, 3) uint8 sRGB, upright.

    Raises:
        BadInput: the file does not exist, is not a picture, is damaged or truncated, has more than
            40 megapixels (by its header, before it is decoded) or a side under 32 pixels; or the
            array has another shape or dtype.
    """
    if isinstance(source, np.ndarray):
        return _checked_array(source)
    if isinstance(source, (str, Path)):
        return _open_path(Path(source))
    if not hasattr(source, "read"):
        raise BadInput(
            f"expected a path, an open file or an array as photo, got {type(source).__name__}"
        )
    return _decode(source, "the photo")


def _checked_array(array: np.ndarray) -> np.ndarray:
    if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
        raise BadInput(
            f"expected a photo as array (H, W, 3) of uint8, got {array.shape} of {array.dtype}"
        )
    _check_size((array.shape[1], array.shape[0]), "the photo")
    return np.ascontiguousarray(array)


def _open_path(path: Path) -> np.ndarray:
    try:
        # Opening a named pipe would block until another process writes to it.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise BadInput(f"expected a picture file, {path} is a pipe or a device")
        with path.open("rb") as file:
            return _decode(file, path.name)
    except FileNotFoundError:
        raise BadInput(f"there is no file {path}") from None
    except IsADirectoryError:
        raise BadInput(f"expected a picture file, {path} is a folder") from None
    except (OSError, ValueError) as error:
        log.info("cannot open %s: %s", path, error)
        raise BadInput(f"the file {path} cannot be opened") from None


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise BadInput(
            f"{name} may have {MOST_PIXELS // 10**6} megapixels at most, "
            f"it has {width * height / 1e6:.1f} ({width} x {height})"
        )
    if min(size) < SHORTEST_SIDE:
        raise BadInput(
            f"{name} must have {SHORTEST_SIDE} pixels a side at least, it has {width} x {height}"
        )


def open_mask(source: str | Path) -> np.ndarray:
    """Open a mask: mean of the channels times alpha, with the EXIF orientation applied.

    Returns:
        (H, W) float32 in [0, 1].

    Raises:
        BadInput: as :func:`open_photo`.
    """
    levels = open_photo(source).mean(axis=2, dtype=np.float32) / np.float32(255)
    with _DECODING, open_image(source, formats=FORMATS) as image:
        if not image.has_transparency_data:
            return levels
        seen = _upright(image.convert("RGBA")).getchannel("A")
    return levels * (np.asarray(seen, np.float32) / np.float32(255))


def _decode(file: BinaryIO, name: str) -> np.ndarray:
    _register_heif()
    with _DECODING, warnings.catch_warnings():
        # Pillow warns of unusual metadata, which does not matter here.
        warnings.simplefilter("ignore")
        try:
            with open_image(file, formats=FORMATS) as image:
                _check_size(image.size, name)
                image.load()
                return to_srgb(_upright(image))
        except UnidentifiedImageError:
            picture = read_float_tiff(file, partial(_check_size, name=name))
            if picture is not None:
                return picture
            raise BadInput(f"{name} is no picture that can be read: expected {READ}") from None
        except Image.DecompressionBombError:
            raise BadInput(
                f"{name} may have {MOST_PIXELS // 10**6} megapixels at most, it has far more"
            ) from None
        except DECODER_ERRORS as error:
            log.info("cannot decode %s: %r", name, error)
            raise BadInput(f"{name} is damaged or cut off: the picture cannot be read") from None


@cache
def _register_heif() -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()


def _upright(image: Image.Image) -> Image.Image:
    try:
        # In place: a copy would lose the TIFF tags on bit depth and sign.
        ImageOps.exif_transpose(image, in_place=True)
    except DECODER_ERRORS as error:
        log.info("unreadable EXIF, orientation left as it is: %r", error)
    return image


def resize(array: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize a picture or a mask: area averaging to fewer pixels, else bicubic (OpenCV).

    Args:
        array: (H, W, C) uint8 (a fourth channel is alpha, by which the colors are weighted), or
            (H, W) float32 in [0, 1].
        size: (width, height) in pixels.

    Returns:
        The same dtype and channels at the new size; float32 clipped to [0, 1].
    """
    height, width = array.shape[:2]
    if size == (width, height):
        return array
    if array.dtype == np.uint8 and array.shape[2:] == (4,):
        return _resize_rgba(array, size)
    smaller = size[0] * size[1] < width * height
    resized = cv2.resize(array, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.clip(resized, 0, 1) if resized.dtype == np.float32 else resized


def _resize_rgba(array: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    weighted = array.astype(np.float32) / 255
    weighted[:, :, :3] *= weighted[:, :, 3:]
    resized = resize(weighted, size)
    resized[:, :, :3] /= np.maximum(resized[:, :, 3:], 1e-6)
    result = np.rint(resized.clip(0, 1) * 255).astype(np.uint8)
    result[result[:, :, 3] == 0] = 0
    return result


def fit_within(
    array: np.ndarray, longest: int | None = None, pixels: int | None = None
) -> np.ndarray:
    """Downscale a picture or a mask to both limits, with its aspect ratio; never enlarge it.

    Args:
        array: (H, W, C) uint8, or (H, W) float32 in [0, 1].
        longest: maximum of either side, in pixels.
        pixels: maximum of width times height.

    Returns:
        The same dtype and channels; the array itself where it is within the limits.
    """
    height, width = array.shape[:2]
    scale = min(
        1.0 if longest is None else longest / max(height, width),
        1.0 if pixels is None else (pixels / (height * width)) ** 0.5,
    )
    if scale >= 1:
        return array
    return resize(array, (max(1, int(width * scale)), max(1, int(height * scale))))
