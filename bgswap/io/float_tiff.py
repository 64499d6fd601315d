"""Reading of TIFF files with floating-point colors by OpenCV; Pillow cannot read them."""

from collections.abc import Callable
from typing import BinaryIO

import cv2
import numpy as np
from PIL import TiffImagePlugin

from bgswap.io.color_management import DECODER_ERRORS, float_levels

WIDTH, HEIGHT, PHOTOMETRIC, PLANAR, SAMPLE_FORMAT = 256, 257, 262, 284, 339
RGB, INTERLEAVED, FLOATING = 2, 1, 3


def read_float_tiff(
    file: BinaryIO, check_size: Callable[[tuple[int, int]], None]
) -> np.ndarray | None:
    """Read a TIFF file with floating-point RGB values.

    Args:
        file: open, at any position.
        check_size: called with (width, height) before decoding; raises where that is too large.

    Returns:
        (H, W, 3) uint8 RGB; None where it is another kind of file, damaged, or in planar order.
    """
    try:
        file.seek(0)
        tags = TiffImagePlugin.ImageFileDirectory_v2(file.read(8))
        file.seek(tags.next)
        tags.load(file)
        size = int(tags[WIDTH]), int(tags[HEIGHT])
        kind = tags.get(PHOTOMETRIC), tags.get(PLANAR, INTERLEAVED), *set(tags[SAMPLE_FORMAT])
    except DECODER_ERRORS:
        return None
    # OpenCV decodes planar files wrongly.
    if kind != (RGB, INTERLEAVED, FLOATING):
        return None
    check_size(size)
    file.seek(0)
    content = np.frombuffer(file.read(), np.uint8)
    try:
        values = cv2.imdecode(content, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        return None
    if values is None or values.shape[:2] != size[::-1]:
        return None
    return float_levels(values)
