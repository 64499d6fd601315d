"""What a click on the photo and the button Turn do where people were missed."""

from pathlib import Path

import numpy as np
import pytest
from browsing import (
    captions,
    choose,
    click_photo,
    generate,
    message,
    opened_page,
    upload,
    upload_bus,
)
from launch import served
from photos import BUS
from PIL import Image
from playwright.sync_api import Browser, Page, expect


def test_a_click_finds_somebody_who_was_missed(browser: Browser, tmp_path: Path) -> None:
    # With such a threshold the man at the right border is left out.
    with (
        served(tmp_path, BGSWAP_PERSON_THRESHOLD="0.85") as app,
        opened_page(browser, app.url) as page,
    ):
        expect(page.locator(".status.ready")).to_be_visible()
        count = upload_bus(page)
        click_photo(page, 0.95, 0.55)
        expect(captions(page)).to_have_count(count + 1)
        expect(captions(page).nth(count)).to_contain_text(f"{count + 1} · stays")
        expect(message(page)).to_contain_text(f"{count + 1} people found")
        # The new one is cut out like the others.
        choose(page, "Transparent")
        generate(page)
        expect(page.locator("#summary")).to_contain_text(f"of {count + 1}")


def test_a_click_where_nobody_is_says_so(page: Page) -> None:
    count = upload_bus(page)
    click_photo(page, 0.1, 0.02)
    expect(message(page)).to_have_text("Nobody found there: paint over them.")
    assert captions(page).count() == count


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_photo_on_its_side_is_told_and_turned(page: Page, tmp_path: Path, turn: int) -> None:
    with Image.open(BUS) as photo:
        Image.fromarray(np.rot90(np.asarray(photo), turn)).save(tmp_path / "turned.png")
    upload(page, tmp_path / "turned.png")
    where = {1: "90° to the right", 2: "180°", 3: "90° to the left"}[turn]
    expect(message(page)).to_contain_text(f"turn the photo by {where}.")
    page.get_by_role("button", name="Turn").click()
    expect(message(page)).to_contain_text("people found. Click anyone who should go.")
    assert page.evaluate("document.querySelector('#photo img').naturalWidth") == 768


def test_an_upright_photo_turns_a_quarter_to_the_right(page: Page) -> None:
    expect(page.get_by_role("button", name="Turn")).to_be_hidden()
    upload_bus(page)
    page.get_by_role("button", name="Turn").click()
    expect(message(page)).to_contain_text("turn the photo by 90° to the left")
    assert page.evaluate("document.querySelector('#photo img').naturalWidth") == 1024
