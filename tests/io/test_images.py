"""Every kind of picture file is opened upright, or refused in one clear sentence."""

import io
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from pictures import drawn_picture, near, png, swapped_primaries
from PIL import Image

from bgswap.errors import BadInput
from bgswap.io import images


@pytest.fixture
def picture() -> np.ndarray:
    return drawn_picture()


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "gif", "webp", "jpg", "heic", "avif"])
def test_opens_every_format(tmp_path, picture, suffix):
    import pillow_heif

    pillow_heif.register_heif_opener()
    path = tmp_path / f"a.{suffix}"
    lossless = suffix in ("png", "bmp", "tif")
    Image.fromarray(picture).save(path, **({} if lossless else {"quality": 95}))
    for source in (path, str(path), io.BytesIO(path.read_bytes())):
        opened = images.open_photo(source)
        assert opened.dtype == np.uint8
        assert opened.flags.c_contiguous
        if lossless:
            assert np.array_equal(opened, picture)
        else:
            assert near(opened, picture) < 8


def test_takes_the_first_frame_of_a_gif(tmp_path):
    frames = [Image.new("RGB", (40, 40), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert images.open_photo(tmp_path / "a.gif")[20, 20].tolist() == [255, 0, 0]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_every_exif_orientation_upright(tmp_path, picture, orientation, suffix):
    # What the camera stored is the upright picture with the orientation undone.
    undo = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{suffix}"
    stored = Image.fromarray(np.ascontiguousarray(undo[orientation](picture)))
    stored.save(path, exif=exif, **({} if suffix == "tif" else {"quality": 95}))
    assert near(images.open_photo(path), picture) < 8


def test_arrays_pass_through(picture):
    assert images.open_photo(picture) is picture
    view = picture[:, ::-1]
    assert np.array_equal(images.open_photo(view), view)
    assert images.open_photo(view).flags.c_contiguous


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((40, 40), np.uint8),
        np.zeros((40, 40, 4), np.uint8),
        np.zeros((40, 40, 3), np.float32),
        np.zeros((31, 40, 3), np.uint8),
        np.zeros((7000, 6000, 3), np.uint8),
    ],
    ids=["grey", "rgba", "float", "tiny", "huge"],
)
def test_refuses_arrays_that_are_no_photo(array):
    with pytest.raises(BadInput):
        images.open_photo(array)


def test_refuses_what_is_not_there(tmp_path):
    for source, words in (
        (tmp_path / "none.png", "no file"),
        (tmp_path, "folder"),
        ("", "folder"),
        ("a\0b", "cannot be opened"),
        (7, "expected a path"),
        (None, "expected a path"),
    ):
        with pytest.raises(BadInput, match=words):
            images.open_photo(source)


@pytest.mark.parametrize("white", [1, 255, 65535])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}], ids=str)
def test_opens_tiff_of_floating_point_colors(tmp_path, picture, white, options):
    import tifffile

    values = picture.astype(np.float32) / 255 * white
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", **options)
    opened = images.open_photo(tmp_path / "a.tif")
    assert np.abs(opened.astype(int) - picture).max() <= 1


def test_a_floating_point_tiff_has_the_same_limits(tmp_path):
    import tifffile

    tifffile.imwrite(tmp_path / "a.tif", np.zeros((20, 40, 3), np.float32), photometric="rgb")
    with pytest.raises(BadInput, match="32 pixels a side"):
        images.open_photo(tmp_path / "a.tif")
    values = np.full((40, 40, 3), np.nan, np.float32)
    tifffile.imwrite(tmp_path / "b.tif", values, photometric="rgb")
    assert not images.open_photo(tmp_path / "b.tif").any()
    planes = {"photometric": "rgb", "planarconfig": "separate"}
    tifffile.imwrite(tmp_path / "d.tif", np.zeros((3, 40, 40), np.float32), **planes)
    with pytest.raises(BadInput, match="no picture"):
        images.open_photo(tmp_path / "d.tif")
    content = (tmp_path / "b.tif").read_bytes()
    (tmp_path / "c.tif").write_bytes(content[:-2000])
    with pytest.raises(BadInput, match="no picture"):
        images.open_photo(tmp_path / "c.tif")


def test_refuses_a_named_pipe_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(BadInput, match="pipe or a device"):
        images.open_photo(tmp_path / "a.jpg")
    with pytest.raises(BadInput, match="pipe or a device"):
        images.open_photo("/dev/null")


def test_refuses_a_text_file(tmp_path):
    (tmp_path / "a.jpg").write_text("This is no picture.")
    with pytest.raises(BadInput, match=r"a\.jpg is no picture.*expected PNG, JPEG"):
        images.open_photo(tmp_path / "a.jpg")
    (tmp_path / "b.png").write_bytes(b"")
    with pytest.raises(BadInput, match="no picture"):
        images.open_photo(tmp_path / "b.png")


def test_refuses_formats_that_run_programs(tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "a.eps")
    with pytest.raises(BadInput, match="no picture"):
        images.open_photo(tmp_path / "a.eps")


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "bmp", "tif", "heic"])
def test_refuses_a_cut_off_file(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / f"a.{suffix}")
    content = (tmp_path / f"a.{suffix}").read_bytes()
    (tmp_path / f"a.{suffix}").write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match=r"damaged or cut off|no picture"):
        images.open_photo(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("size", [(31, 64), (64, 31), (1, 1)])
def test_refuses_tiny_pictures(tmp_path, size):
    Image.new("RGB", size).save(tmp_path / "a.png")
    with pytest.raises(BadInput, match=f"32 pixels a side at least, it has {size[0]} x {size[1]}"):
        images.open_photo(tmp_path / "a.png")


@pytest.mark.parametrize("size", [(8000, 5001), (20_000, 20_000), (2_000_000, 2_000_000)])
def test_refuses_huge_pictures_by_their_header(tmp_path, monkeypatch, size):
    (tmp_path / "a.png").write_bytes(png(*size, 8, 2, b""))
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", None)
    with pytest.raises(BadInput, match="40 megapixels at most"):
        images.open_photo(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "tif", "bmp", "heic"])
def test_damaged_files_open_or_are_bad_input(tmp_path, picture, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {} if suffix in ("gif", "bmp") else {"exif": exif, "icc_profile": swapped_primaries()}
    Image.fromarray(picture).save(tmp_path / f"a.{suffix}", **options)
    content = np.frombuffer((tmp_path / f"a.{suffix}").read_bytes(), np.uint8)
    random = np.random.default_rng(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(60):
            damaged = content.copy()
            places = random.integers(8, min(len(content), 900), 6)
            damaged[places] = random.integers(0, 256, 6)
            try:
                opened = images.open_photo(io.BytesIO(damaged.tobytes()))
            except BadInput:
                continue
            assert opened.ndim == 3
            assert opened.dtype == np.uint8


def test_broken_exif_does_not_refuse_the_picture(tmp_path, picture):
    Image.fromarray(picture).save(tmp_path / "a.jpg", exif=b"Exif\0\0nonsense" * 4)
    assert near(images.open_photo(tmp_path / "a.jpg"), picture) < 8


def test_resize_keeps_kind_and_range():
    sharp = np.zeros((40, 60), np.float32)
    sharp[:, 30:] = 1
    for size in ((30, 20), (90, 80), (60, 40)):
        mask = images.resize(sharp, size)
        assert mask.shape == (size[1], size[0])
        assert mask.dtype == np.float32
        assert mask.min() >= 0
        assert mask.max() <= 1
        image = images.resize((np.dstack([sharp] * 3) * 255).astype(np.uint8), size)
        assert image.shape == (size[1], size[0], 3)
        assert image.dtype == np.uint8
    assert images.resize(sharp, (60, 40)) is sharp


def test_resize_averages_when_it_shrinks():
    noise = np.random.default_rng(0).random((64, 64), np.float32)
    blocks = noise.reshape(16, 4, 16, 4).mean((1, 3))
    assert np.abs(images.resize(noise, (16, 16)) - blocks).max() < 1e-6


def test_fit_within_keeps_the_aspect_and_never_enlarges():
    image = np.zeros((100, 400, 3), np.uint8)
    assert images.fit_within(image, longest=200).shape == (50, 200, 3)
    assert images.fit_within(image, pixels=10_000).shape == (50, 200, 3)
    assert images.fit_within(image, longest=300, pixels=10_000).shape == (50, 200, 3)
    assert images.fit_within(image, longest=500) is image
    assert images.fit_within(image, longest=500, pixels=10**6) is image
    assert images.fit_within(np.zeros((1, 4000), np.float32), longest=100).shape == (1, 100)


def test_import_is_light():
    code = "import sys, bgswap.io.images; assert not {'torch', 'pillow_heif'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
