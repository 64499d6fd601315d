"""Every mode and profile comes out as the same 8-bit sRGB."""

import struct

import numpy as np
import pytest
from pictures import drawn_picture, png, swapped_primaries
from PIL import Image, ImageCms

from bgswap.io import images


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_converts_an_embedded_profile_to_srgb(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.new("RGB", (40, 40), (200, 30, 30)).save(path, icc_profile=swapped_primaries())
    red, green, blue = images.open_photo(path)[20, 20].astype(int)
    assert abs(red - 30) < 6
    assert abs(green - 200) < 6
    assert abs(blue - 30) < 6


def test_srgb_profile_changes_nothing(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = drawn_picture()
    Image.fromarray(picture).save(tmp_path / "a.png", icc_profile=profile)
    opened = images.open_photo(tmp_path / "a.png")
    assert np.abs(opened.astype(int) - picture.astype(int)).max() <= 1


def test_profile_applies_under_transparency(tmp_path):
    image = Image.new("RGBA", (40, 40), (200, 30, 30, 255))
    image.paste((200, 30, 30, 0), (0, 0, 20, 40))
    image.save(tmp_path / "a.png", icc_profile=swapped_primaries())
    opened = images.open_photo(tmp_path / "a.png").astype(int)
    assert opened[20, 5].tolist() == [255, 255, 255]
    assert opened[20, 30, 1] > 190


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "CMYK"])
@pytest.mark.parametrize("icc", [b"no profile at all", swapped_primaries()[:200]])
def test_ignores_a_broken_profile(tmp_path, mode, icc):
    image = Image.new("RGB", (40, 40), (90, 90, 90))
    image = image.quantize(2) if mode == "P" else image.convert(mode)
    image.save(tmp_path / "a.tif", icc_profile=icc)
    assert np.abs(images.open_photo(tmp_path / "a.tif").astype(int) - 90).max() <= 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16", "CMYK", "LAB"])
def test_modes_without_alpha(tmp_path, mode):
    white_left = np.full((40, 40, 3), 0, np.uint8)
    white_left[:, :20] = 255
    rgb = Image.fromarray(white_left)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(rgb.convert("L")).astype(np.uint16) * 257)
    elif mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(rgb, *profiles, outputMode="LAB")
    else:
        image = rgb.convert(mode)
    image.save(tmp_path / "a.tif")
    opened = images.open_photo(tmp_path / "a.tif").astype(int)
    assert opened[:, :20].min() >= 254
    assert opened[:, 20:].max() <= 1


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P with alpha", "RGB with a key", "L with a key"])
def test_transparency_is_laid_over_white(tmp_path, mode):
    options = {}
    if mode == "P with alpha":
        image = Image.new("P", (40, 40), 1)
        image.putpalette([0, 0, 0, 40, 40, 40])
        image.paste(0, (0, 0, 20, 40))
        options = {"transparency": bytes([0, 255])}
    elif mode.endswith("key"):
        image = Image.new("RGB", (40, 40), (40, 40, 40))
        image.paste((0, 0, 0), (0, 0, 20, 40))
        image = image.convert(mode.split()[0])
        options = {"transparency": (0, 0, 0) if image.mode == "RGB" else 0}
    else:
        image = Image.new("RGBA", (40, 40), (40, 40, 40, 255))
        image.paste((0, 0, 0, 0), (0, 0, 20, 40))
        image = image.convert(mode)
    image.save(tmp_path / "a.png", **options)
    opened = images.open_photo(tmp_path / "a.png")
    assert (opened[:, :20] == 255).all()
    assert (opened[:, 20:] == 40).all()


def test_half_transparent_is_half_white(tmp_path):
    Image.new("RGBA", (40, 40), (0, 0, 0, 128)).save(tmp_path / "a.png")
    assert np.abs(images.open_photo(tmp_path / "a.png").astype(int) - 127).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_grey_keeps_its_range(tmp_path, suffix):
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / f"a.{suffix}")
    opened = images.open_photo(tmp_path / f"a.{suffix}")
    assert np.array_equal(opened[..., 0], np.round(ramp / 257).astype(np.uint8))
    assert (opened == opened[..., :1]).all()


def test_16_bit_rgb_png(tmp_path):
    row = b"\0" + struct.pack(">3H", 0xFFFF, 0x8000, 0x0102) * 40
    (tmp_path / "a.png").write_bytes(png(40, 40, 16, 2, row * 40))
    assert np.abs(images.open_photo(tmp_path / "a.png") - [255.0, 128, 1]).max() <= 1


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_float_tiff(tmp_path, white):
    ramp = np.linspace(0, white, 40 * 40, dtype=np.float32).reshape(40, 40)
    Image.fromarray(ramp).save(tmp_path / "a.tif")
    opened = images.open_photo(tmp_path / "a.tif")
    assert np.abs(opened[..., 0] - ramp / white * 255).max() <= 0.6


@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_jpeg_is_not_inverted(tmp_path, adobe):
    Image.new("RGB", (40, 40), (230, 120, 20)).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    content = (tmp_path / "a.jpg").read_bytes()
    assert b"Adobe" in content
    if not adobe:
        (tmp_path / "a.jpg").write_bytes(content.replace(b"Adobe", b"Other"))
    assert np.abs(images.open_photo(tmp_path / "a.jpg")[20, 20] - [230.0, 120, 20]).max() < 6


def test_a_float_that_is_infinite_spoils_no_other(tmp_path):
    ramp = np.linspace(0, 1, 40 * 40, dtype=np.float32).reshape(40, 40)
    spoilt = ramp.copy()
    spoilt[3, 4] = np.inf
    for name, values in (("a.tif", ramp), ("b.tif", spoilt)):
        Image.fromarray(values).save(tmp_path / name)
    whole, other = (images.open_photo(tmp_path / name).astype(int) for name in ("a.tif", "b.tif"))
    assert not other[3, 4].any()
    other[3, 4] = whole[3, 4]
    assert np.array_equal(whole, other)


@pytest.mark.parametrize("kind", [np.int16, np.int32, np.uint32])
def test_grey_of_every_whole_kind_keeps_its_range(tmp_path, kind):
    import tifffile

    ramp = np.linspace(0, 1, 40 * 40).reshape(40, 40)
    values = (ramp * np.iinfo(kind).max).astype(kind)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="minisblack")
    opened = images.open_photo(tmp_path / "a.tif")
    assert np.abs(opened[..., 0] - ramp * 255).max() <= 1
