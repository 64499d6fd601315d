"""What the command line and the API say, and what they hear where it is no background."""

from pathlib import Path

import numpy as np
import pytest
from pictures import drawn_picture, near, swapped_primaries
from PIL import Image

from bgswap.backgrounds.blur import BlurredPhoto
from bgswap.backgrounds.picture import OwnPicture
from bgswap.backgrounds.plain import PlainColor, Transparent
from bgswap.backgrounds.spec import (
    BackgroundSpec,
    background_source,
    parse_background,
    requested_background,
)
from bgswap.errors import BadInput


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("#ff8000", PlainColor((255, 128, 0))),
        (" #FF8000 ", PlainColor((255, 128, 0))),
        ("#f80", PlainColor((255, 136, 0))),
        ("#000000-#ffffff", PlainColor((0, 0, 0), (255, 255, 255))),
        ("#000 - #ffffff", PlainColor((0, 0, 0), (255, 255, 255))),
        ("blur", BlurredPhoto()),
        ("Blur", BlurredPhoto()),
        ("blur:1", BlurredPhoto(1)),
        ("blur: 62.5", BlurredPhoto(62.5)),
        ("transparent", Transparent()),
    ],
)
@pytest.mark.parametrize("may_name_file", [True, False])
def test_texts_that_name_a_background(text, source, may_name_file):
    assert background_source(parse_background(text, may_name_file=may_name_file)) == source


@pytest.mark.parametrize(
    "text", ["#", "#12", "#12345", "#gggggg", "#ff0000ff", "#fff-", "#fff-red"]
)
@pytest.mark.parametrize("may_name_file", [True, False])
def test_a_color_that_is_none_is_refused(text, may_name_file):
    with pytest.raises(BadInput, match=r"a background color is written '#rrggbb'.*got '#"):
        parse_background(text, may_name_file=may_name_file)


def test_digits_of_other_scripts_are_no_color():
    with pytest.raises(BadInput, match="color is written"):
        parse_background("#١٢٣")


def test_three_colors_are_too_many():
    with pytest.raises(BadInput, match="gradient of two"):
        parse_background("#000-#888-#fff")


@pytest.mark.parametrize("number", ["", "0", "101", "-3", "much", "nan", "inf", "1e9", "5:5"])
@pytest.mark.parametrize("may_name_file", [True, False])
def test_a_blur_out_of_its_bounds_is_refused(number, may_name_file):
    with pytest.raises(BadInput, match=r"'blur:N' with N from 1 to 100, got 'blur:"):
        parse_background(f"blur:{number}", may_name_file=may_name_file)


@pytest.mark.parametrize("text", ["/etc/passwd", "../beach.png", "beach.jpg", "a beach", "blurr"])
def test_a_text_from_the_network_names_no_file(text, monkeypatch):
    def touched(*_args, **_kwargs):
        raise AssertionError("the disk was touched")

    for name in ("open", "exists", "stat", "is_file", "resolve"):
        monkeypatch.setattr(Path, name, touched)
    with pytest.raises(BadInput, match=r"background must be .*background_picture"):
        parse_background(text)
    with pytest.raises(BadInput, match="background must be"):
        requested_background(text, None)


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_text_names_nothing(text):
    with pytest.raises(BadInput, match="background is empty"):
        parse_background(text, may_name_file=True)


@pytest.mark.parametrize("text", [None, 7, "\ud800", "x" * 1001])
def test_values_that_are_no_text_are_refused(text):
    with pytest.raises(BadInput, match="background"):
        parse_background(text)


def test_a_message_does_not_repeat_a_long_text():
    with pytest.raises(BadInput) as refusal:
        parse_background("#" + "a" * 900)
    assert len(str(refusal.value)) < 200


def test_the_command_line_may_name_a_picture(tmp_path):
    path = tmp_path / "beach.png"
    Image.fromarray(drawn_picture()).save(path)
    source = background_source(parse_background(str(path), may_name_file=True), "fit", (0, 1))
    assert isinstance(source, OwnPicture) and (source.mode, source.position) == ("fit", (0, 1))
    assert np.array_equal(source.picture, drawn_picture())


def test_a_picture_is_opened_as_photos_are(tmp_path):
    path = tmp_path / "beach.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(drawn_picture()).save(
        path, icc_profile=swapped_primaries(), exif=exif, quality=95, subsampling=0
    )
    picture = background_source(BackgroundSpec("picture", path)).picture
    assert near(picture, np.rot90(drawn_picture()[..., [1, 0, 2]], -1)) < 12


def test_a_file_that_is_no_picture_is_refused(tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(BadInput, match=r"the background cannot be used: notes\.png is no picture"):
        background_source(parse_background(str(tmp_path / "notes.png"), may_name_file=True))


@pytest.mark.parametrize("word", ["red", "jungle", "x" * 500, "a\0b"])
def test_an_unknown_word_lists_the_valid_backgrounds(word):
    with pytest.raises(BadInput, match=r"background.*'#rrggbb'.*'transparent'"):
        background_source(parse_background(word, may_name_file=True))


def test_a_request_has_a_text_or_a_picture_or_neither():
    assert requested_background("", None) is None
    assert requested_background("blur:20", None) == BackgroundSpec("blur", strength=20)
    assert requested_background(" ", "up.png") == BackgroundSpec("picture", Path("up.png"))
    with pytest.raises(BadInput, match="not both"):
        requested_background("blur", "up.png")


def test_only_where_it_is_allowed_a_text_names_a_file():
    assert parse_background("beach.jpg", may_name_file=True).path == Path("beach.jpg")
    with pytest.raises(BadInput, match="transparent"):
        parse_background("beach.jpg")
