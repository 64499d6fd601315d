"""Frame options are checked where they are created, and sizes are read as WIDTHxHEIGHT."""

import math

import pytest

from bgswap.compositing.frame_options import FrameOptions, parse_size
from bgswap.errors import BadInput


@pytest.mark.parametrize(
    "wrong",
    [
        {"aspect": "2:1"},
        {"aspect": None},
        {"scale": 0.1},
        {"scale": 3.1},
        {"scale": math.nan},
        {"scale": "big"},
        {"position": (0.5, 1.2)},
        {"position": (0.5,)},
        {"position": (0.5, math.nan)},
        {"size": (31, 100)},
        {"size": (10_000, 10_000)},
        {"size": (20_000, 100)},
        {"size": (1000, 1000), "aspect": "16:9"},
    ],
)
def test_options_out_of_their_bounds_are_refused(wrong):
    with pytest.raises(BadInput, match=next(iter(wrong))):
        FrameOptions(**wrong)


def test_an_aspect_and_a_size_that_agree_go_together():
    assert FrameOptions(aspect="16:9", size=(1366, 768)).ratio == 1366 / 768


@pytest.mark.parametrize("text", ["1920x1080", "1920X1080", " 1920 × 1080 "])
def test_a_size_is_written_with_an_x(text):
    assert parse_size(text) == (1920, 1080)


@pytest.mark.parametrize("text", ["1920", "1920x", "-5x5", "1e3x5", "1920x1080x3", "", "ax b"])
def test_a_text_that_is_no_size_is_refused(text):
    with pytest.raises(BadInput, match="WIDTHxHEIGHT"):
        parse_size(text)
