"""The cut-out is corrected on the page: painted, undone, and people added."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsing import (
    captions,
    choose,
    generate,
    message,
    open_cutout_editor,
    paint,
    press,
    upload,
    upload_bus,
)
from photos import empty_photo
from PIL import Image
from playwright.sync_api import Page, expect

from bgswap import BadInput
from bgswap.ui.fixing import _painted_over, strokes_of
from bgswap.ui.page_session import Session
from bgswap.ui.thumbnails import Sketch

GREEN, RED = (18, 161, 80, 255), (224, 48, 30, 255)


def alpha(page: Page, folder: Path) -> np.ndarray:
    """The alpha of the cut-out that can be downloaded."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Cut-out (PNG)").click()
    download.value.save_as(folder / "cut.png")
    return np.asarray(Image.open(folder / "cut.png"))[..., 3]


def test_paint_keeps_and_removes_until_it_is_undone(page: Page, tmp_path: Path) -> None:
    upload_bus(page)
    choose(page, "Transparent")
    open_cutout_editor(page)
    # On the bus just over someone's head, and on someone's coat.
    paint(page, (0.38, 0.33), (0.46, 0.33))
    paint(page, (0.17, 0.52), (0.2, 0.56), color="remove")
    press(page, "Apply")
    expect(
        page.locator("#cutout-editor").get_by_role("button", name="Undo the corr")
    ).to_be_enabled()
    page.get_by_role("button", name="Done").click()
    expect(page.locator("#photo img")).to_be_visible()
    generate(page)
    kept, removed = (356, 340), (602, 154)
    painted = alpha(page, tmp_path)
    assert painted[kept] == 255
    assert painted[removed] == 0
    open_cutout_editor(page)
    press(page, "Undo the corrections")
    page.get_by_role("button", name="Done").click()
    generate(page)
    undone = alpha(page, tmp_path)
    assert undone[kept] == 0
    assert undone[removed] > 200


def test_somebody_is_painted_where_nobody_was_found(page: Page, tmp_path: Path) -> None:
    Image.fromarray(empty_photo()).save(tmp_path / "empty.png")
    upload(page, tmp_path / "empty.png")
    expect(message(page)).to_contain_text("No person detected")
    expect(page.locator("#why")).to_contain_text("click or paint on somebody")
    choose(page, "Transparent")
    open_cutout_editor(page)
    paint(page, (0.4, 0.5), (0.6, 0.5), size=(320, 240))
    press(page, "Apply")
    expect(captions(page)).to_have_text(["1 · stays · 100%"])
    generate(page)
    assert alpha(page, tmp_path)[120, 160] == 255


def test_apply_without_paint_says_what_to_do(page: Page) -> None:
    upload_bus(page)
    open_cutout_editor(page)
    page.locator("#cutout-editor").get_by_role("button", name="Apply").click()
    expect(message(page)).to_contain_text("Nothing is painted yet")


def layer(color: tuple[int, ...], rows: slice) -> np.ndarray:
    picture = np.zeros((40, 30, 4), np.uint8)
    picture[rows] = color
    return picture


def test_strokes_grow_to_the_size_of_the_photo() -> None:
    drawn = {"layers": [layer(GREEN, np.s_[:20]), None, layer(RED, np.s_[10:30])]}
    strokes = strokes_of(drawn, (80, 60))
    assert strokes.keep[:20].all() and not strokes.keep[20:].any()
    assert strokes.remove[20:60].all() and strokes.remove.sum() == 40 * 60


def session_of(folder: Path, size: tuple[int, int]) -> Session:
    nobody = Sketch(np.zeros((40, 30, 3), np.uint8), ())
    return Session(folder / "photo.png", folder, folder, nobody, frozenset(), nobody, size)


def test_strokes_of_one_color_leave_the_other_empty_as_when_they_are_read_again(tmp_path) -> None:
    session = session_of(tmp_path, (80, 60))
    drawn = {"layers": [layer(GREEN, np.s_[:20])]}
    session, strokes = _painted_over(session, drawn)
    assert strokes.remove is None and session.remove is None
    _, again = _painted_over(session, None)
    assert strokes.same(again)


def test_green_covered_by_red_is_gone(tmp_path) -> None:
    session = session_of(tmp_path, (80, 60))
    session, _ = _painted_over(session, {"layers": [layer(GREEN, np.s_[:20])]})
    session = replace(session, round=1)
    session, strokes = _painted_over(session, {"layers": [layer(RED, np.s_[:30])]})
    assert strokes.keep is None and session.keep is None
    assert strokes.remove is not None and strokes.remove[:60].all()


def test_no_stroke_is_refused() -> None:
    with pytest.raises(BadInput, match="Nothing is painted"):
        strokes_of({"layers": [layer((0, 0, 0, 0), np.s_[:])]}, (80, 60))
