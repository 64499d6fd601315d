"""Pictures are written as lossless or close, always the same bytes, or refused."""

import io
import struct

import numpy as np
import pytest
from pictures import drawn_picture, near
from PIL import Image

from bgswap.errors import BadInput
from bgswap.io import encoding, images


@pytest.fixture
def picture() -> np.ndarray:
    return drawn_picture()


@pytest.mark.parametrize("channels", [3, 4])
def test_png_is_exact(tmp_path, channels):
    drawn = np.random.default_rng(0).integers(0, 255, (50, 60, channels), np.uint8)
    encoding.save(drawn, tmp_path / "a.PNG")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.PNG")), drawn)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp"])
def test_lossy_formats_stay_close(tmp_path, picture, suffix):
    encoding.save(picture, tmp_path / f"a{suffix}")
    assert near(images.open_photo(tmp_path / f"a{suffix}"), picture) < 3


def test_equal_pictures_are_equal_files(picture):
    for suffix in encoding.WRITTEN:
        assert encoding.encode(picture, suffix) == encoding.encode(picture, suffix)
    for suffix in (".jpg", ".webp"):  # the date of a color profile (ICC.1) is no date of today
        with Image.open(io.BytesIO(encoding.encode(picture, suffix))) as file:
            assert struct.unpack(">6H", file.info["icc_profile"][24:36]) == (2000, 1, 1, 0, 0, 0)


def test_save_refuses(tmp_path, picture):
    with pytest.raises(BadInput, match="JPEG has no transparency"):
        encoding.save(np.zeros((40, 40, 4), np.uint8), tmp_path / "a.jpg")
    for name in ("a.txt", "a"):
        with pytest.raises(BadInput, match=r"saved as \.png"):
            encoding.save(picture, tmp_path / name)
    with pytest.raises(BadInput, match="cannot write"):
        encoding.save(picture, tmp_path / "none" / "a.png")
    with pytest.raises(BadInput, match="16383 pixels a side"):
        encoding.encode(np.zeros((32, 16_400, 3), np.uint8), ".webp")
    with pytest.raises(ValueError, match="uint8"):
        encoding.encode(picture.astype(np.float32), ".png")
