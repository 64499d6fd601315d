"""Nobody is cropped and no cut edge floats, for any requested frame."""

from itertools import product

import numpy as np
import pytest

from bgswap.compositing.extent import Extent, people_extent
from bgswap.compositing.frame import Frame, covering_frame
from bgswap.compositing.frame_options import (
    CONFIG,
    FrameOptions,
    aspect_ratio,
)
from bgswap.compositing.framing import fit_frame
from bgswap.errors import BadInput
from bgswap.options import ASPECTS

FREE, LEFT, RIGHT, TOP, BOTTOM = "free", "left", "right", "top", "bottom"
BOXES = {
    FREE: (300, 150, 500, 480),
    LEFT: (0, 150, 200, 480),
    RIGHT: (550, 150, 800, 480),
    TOP: (300, 0, 500, 300),
    BOTTOM: (300, 150, 500, 600),
    "corner": (0, 200, 300, 600),
    "wide group": (80, 200, 720, 560),
    "tall": (350, 10, 450, 590),
}
SIZE = (600, 800)
SHAPES = [aspect for aspect in ASPECTS if aspect != "photo"]


def extent(name: str) -> Extent:
    x0, y0, x1, y1 = box = BOXES[name]
    return Extent(SIZE, box, (x0 == 0, y0 == 0, x1 == SIZE[1], y1 == SIZE[0]))


def people_in(frame: Frame, of: Extent) -> tuple[float, float, float, float]:
    """The box of the people in the canvas."""
    x, y = (placed / own for placed, own in zip(frame.placed[::-1], of.size[::-1], strict=True))
    x0, y0, x1, y1 = of.box
    return frame.left + x0 * x, frame.top + y0 * y, frame.left + x1 * x, frame.top + y1 * y


def check_whole(frame: Frame, of: Extent) -> None:
    x0, y0, x1, y1 = people_in(frame, of)
    height, width = frame.size
    assert min(x0, y0) > -1e-6 and x1 < width + 1e-6 and y1 < height + 1e-6
    for cut, gap in zip(of.cut, (x0, y0, width - x1, height - y1), strict=True):
        assert not cut or abs(gap) < 1e-6, "somebody's cut edge floats"


@pytest.mark.parametrize("name", BOXES)
def test_without_options_the_frame_is_the_photo(name):
    frame = fit_frame(extent(name))
    assert frame.is_photo and frame.scale == 1 and not frame.notes
    assert frame.covered == (slice(0, 600), slice(0, 800))


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize("aspect", SHAPES)
def test_an_aspect_keeps_everybody_whole_at_the_photos_resolution(name, aspect):
    frame = fit_frame(extent(name), FrameOptions(aspect=aspect))
    assert frame.placed == frame.photo == SIZE and not frame.notes
    height, width = frame.size
    assert abs(width - height * aspect_ratio(aspect)) <= max(1, aspect_ratio(aspect))
    check_whole(frame, extent(name))


@pytest.mark.parametrize(("name", "aspect"), list(product(BOXES, SHAPES)))
def test_scale_and_position_keep_everybody_whole(name, aspect):
    for scale, position in product((0.2, 0.5, 1.4, 3.0), (None, (0, 0), (1, 0.5), (0.5, 1))):
        options = FrameOptions(aspect=aspect, scale=scale, position=position)
        check_whole(fit_frame(extent(name), options), extent(name))


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize("size", [(640, 480), (333, 777), (1999, 501), (32, 32), (4000, 4000)])
def test_a_size_is_exact_and_keeps_everybody_whole(name, size):
    frame = fit_frame(extent(name), FrameOptions(size=size))
    assert frame.size == size[::-1]
    check_whole(frame, extent(name))


def test_the_scene_is_cropped_before_it_grows():
    assert fit_frame(extent(FREE), FrameOptions(aspect="1:1")).size == (600, 600)
    grown = fit_frame(extent("wide group"), FrameOptions(aspect="9:16"))
    assert grown.size[1] < SIZE[1] and grown.size[0] > SIZE[0]


def test_a_crop_leaves_room_beside_the_people():
    frame = fit_frame(extent("tall"), FrameOptions(aspect="9:16"))
    x0, _, x1, _ = people_in(frame, extent("tall"))
    assert min(x0, frame.size[1] - x1) > 25


@pytest.mark.parametrize("box", [(20, 150, 100, 480), (700, 150, 780, 480)])
def test_a_crop_leaves_room_beside_people_near_the_photos_border(box):
    of = Extent(SIZE, box)
    frame = fit_frame(of, FrameOptions(aspect="9:16"))
    x0, _, x1, _ = people_in(frame, of)
    assert min(x0, frame.size[1] - x1) >= 19


def test_people_stay_at_the_shares_where_they_are():
    of = Extent(SIZE, (600, 200, 680, 400))
    for options in (FrameOptions(aspect="1:1"), FrameOptions(scale=0.5), FrameOptions(scale=1.2)):
        frame = fit_frame(of, options)
        x0, y0, x1, y1 = people_in(frame, of)
        assert (x0 + x1) / 2 / frame.size[1] == pytest.approx(640 / 800, abs=0.005)
        assert (y0 + y1) / 2 / frame.size[0] == pytest.approx(300 / 600, abs=0.005)


def test_a_position_is_where_the_middle_of_the_people_comes():
    of = Extent(SIZE, (300, 200, 400, 300))
    frame = fit_frame(of, FrameOptions(position=(0.2, 0.7)))
    assert people_in(frame, of) == (110, 370, 210, 470)
    assert not frame.notes and frame.size == SIZE


def test_a_position_that_would_crop_is_moved_and_noted():
    frame = fit_frame(extent(FREE), FrameOptions(position=(1, 0.5)))
    assert people_in(frame, extent(FREE))[2] == 800
    assert "position was moved" in frame.notes[0]


def test_a_person_cut_at_the_waist_stays_on_the_lower_border():
    for options in (
        FrameOptions(scale=0.4),
        FrameOptions(position=(0.3, 0.3)),
        FrameOptions(aspect="9:16", scale=0.7),
    ):
        frame = fit_frame(extent(BOTTOM), options)
        assert people_in(frame, extent(BOTTOM))[3] == frame.size[0]
    noted = fit_frame(extent(BOTTOM), FrameOptions(position=(0.3, 0.3))).notes
    assert "position was moved" in noted[0]


def test_a_scale_is_the_peoples_size_in_the_frame():
    frame = fit_frame(extent(FREE), FrameOptions(scale=0.5))
    assert frame.size == SIZE and frame.placed == (300, 400) and frame.scale == 0.5


def test_a_scale_too_large_is_lowered_and_noted():
    frame = fit_frame(extent(FREE), FrameOptions(scale=3))
    assert frame.scale == pytest.approx(600 / 330, abs=0.01)
    assert "1.82 was taken" in frame.notes[0]


LOCKED = Extent(SIZE, (0, 100, 800, 500), (True, False, True, False))


@pytest.mark.parametrize("options", [{"aspect": "16:9"}, {"size": (900, 300)}])
def test_an_aspect_that_would_crop_somebody_is_refused(options):
    with pytest.raises(BadInput, match=r"would crop somebody.*left and right"):
        fit_frame(Extent(SIZE, (0, 20, 800, 590), LOCKED.cut), FrameOptions(**options))
    tall = Extent(SIZE, (100, 0, 700, 600), (False, True, False, True))
    with pytest.raises(BadInput, match=r"^9:16 would crop somebody.*top and bottom"):
        fit_frame(tall, FrameOptions(aspect="9:16"))


def test_people_between_two_borders_hold_the_frame():
    frame = fit_frame(LOCKED, FrameOptions(aspect="9:16", scale=0.5, position=(0.2, 0.5)))
    assert frame.size[1] == SIZE[1] and frame.scale == 1 and frame.left == 0
    assert any("keep their size" in note for note in frame.notes)
    sized = fit_frame(LOCKED, FrameOptions(size=(333, 577)))
    assert sized.placed[1] == 333 and sized.left == 0


def test_an_aspect_that_is_missed_by_a_pixel_is_not_refused():
    everywhere = Extent((1441, 1080), (0, 0, 1080, 1441), (True,) * 4)
    frame = fit_frame(everywhere, FrameOptions(aspect="3:4"))
    assert frame.is_photo
    small = fit_frame(everywhere, FrameOptions(size=(100, 133)))
    assert small.size == small.placed == (133, 100)
    with pytest.raises(BadInput, match="would crop somebody"):
        fit_frame(everywhere, FrameOptions(aspect="4:5"))


def test_too_many_pixels_make_the_picture_smaller_and_say_so():
    of = Extent((5000, 7900), (100, 100, 7800, 4900))
    frame = fit_frame(of, FrameOptions(aspect="9:16"))
    assert frame.size[0] * frame.size[1] <= CONFIG.most_pixels
    assert frame.size[1] / frame.size[0] == pytest.approx(9 / 16, abs=1e-3)
    assert "40 megapixels" in frame.notes[0]
    check_whole(frame, of)


@pytest.mark.parametrize("name", BOXES)
def test_the_covering_frame_leaves_no_gap(name):
    for options in (
        FrameOptions(aspect="9:16", scale=0.3, position=(0, 1)),
        FrameOptions(aspect="16:9", scale=2),
        FrameOptions(size=(401, 977)),
    ):
        frame = fit_frame(extent(name), options)
        cover = covering_frame(frame)
        assert cover.size == frame.size
        assert cover.covered == tuple(slice(0, side) for side in cover.size)
        shares = [cover.placed[i] / cover.photo[i] for i in (0, 1)]
        assert shares[0] == pytest.approx(shares[1], rel=0.02)


def test_a_frame_that_only_crops_is_covered_already():
    cropped = fit_frame(extent(FREE), FrameOptions(aspect="4:5"))
    assert cropped.size[1] < SIZE[1] and covering_frame(cropped) == cropped


def alpha_of(*boxes: tuple[int, int, int, int], level: float = 1.0) -> np.ndarray:
    alpha = np.zeros(SIZE, np.float32)
    for x0, y0, x1, y1 in boxes:
        alpha[y0:y1, x0:x1] = level
    return alpha


def test_the_extent_is_the_box_of_everybody():
    found = people_extent(alpha_of((100, 50, 200, 300), (400, 200, 500, 580)))
    assert found == Extent(SIZE, (100, 50, 500, 580))


@pytest.mark.parametrize("name", BOXES)
def test_borders_that_cut_somebody_off_are_seen(name):
    assert people_extent(alpha_of(BOXES[name])) == extent(name)


def test_a_finger_on_the_border_is_not_cut_off():
    touching = alpha_of((100, 100, 300, 500), (0, 300, 100, 304))
    assert people_extent(touching) == Extent(SIZE, (0, 100, 300, 500))


def test_one_pixel_short_of_the_border_is_still_cut_off():
    assert people_extent(alpha_of((100, 100, 300, 599))).cut == (False, False, False, True)
    assert people_extent(alpha_of((100, 100, 300, 599))).box[3] == 600


def test_noise_of_the_matting_is_nobody():
    noisy = np.maximum(alpha_of(BOXES[FREE]), alpha_of((0, 0, 800, 600), level=0.02))
    assert people_extent(noisy) == extent(FREE)
    assert people_extent(np.zeros(SIZE, np.float32)).box == (0, 0, 800, 600)
