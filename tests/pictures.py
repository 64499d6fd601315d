"""Pictures and files that tests draw."""

import struct
import zlib

import cv2
import numpy as np
from PIL import ImageCms


def drawn_picture(width: int = 48, height: int = 40) -> np.ndarray:
    """A smooth picture with a red mark in its upper left corner."""
    y, x = np.mgrid[:height, :width]
    drawn = np.stack([x * 2 + 40, y * 3 + 30, 160 - x - y], axis=-1).astype(np.uint8)
    drawn[:12, :12] = (220, 20, 20)
    return drawn


def near(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def swapped_primaries() -> bytes:
    """An sRGB profile whose red and green colorants are exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    entries = range(struct.unpack_from(">I", profile, 128)[0])
    tags = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in entries}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red + 4 : red + 12], profile[green + 4 : green + 12] = (
        profile[green + 4 : green + 12],
        profile[red + 4 : red + 12],
    )
    return bytes(profile)


def png(width: int, height: int, depth: int, color: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data))
            + kind
            + data
            + struct.pack(">I", zlib.crc32(kind + data) & 0xFFFFFFFF)
        )

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def jpeg_compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """The image (H, W, 3) as it comes back from a JPEG file."""
    _, written = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(written, cv2.IMREAD_COLOR)
