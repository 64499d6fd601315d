"""All that a visitor can do, one thing after the other, at the width of a desk and of a phone.

With PAGE_STEPS a folder, a screenshot of each step is left there, to be looked at.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import (
    captions,
    choose,
    click_photo,
    details,
    generate,
    message,
    open_cutout_editor,
    open_options,
    opened_page,
    paint,
    press,
    upload,
    upload_bus,
)
from launch import served
from photos import empty_photo
from PIL import Image
from playwright.sync_api import Browser, Page, expect

PROMPT = "Describe the new background"
SIZES = [(1280, 900), (390, 844)]
Look = Callable[[str], None]


def looking(page: Page, width: int) -> Look:
    """Leaves a screenshot of the whole page, where a folder for them is named."""
    folder = os.environ.get("PAGE_STEPS")

    def look(step: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, step
        if folder:
            page.wait_for_timeout(400)
            page.screenshot(path=Path(folder) / f"{width}-{step}.png", full_page=True)

    return look


def downloaded(page: Page, folder: Path) -> Image.Image:
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture (PNG)").click()
    download.value.save_as(folder / "picture.png")
    return Image.open(folder / "picture.png")


def correct_the_cutout(page: Page, look: Look) -> None:
    """Somebody who was missed is clicked; paint keeps and removes, and is undone."""
    count = upload_bus(page)
    look("1-people")
    click_photo(page, 0.95, 0.55)
    expect(captions(page)).to_have_count(count + 1)
    look("2-missed-person-clicked")
    open_cutout_editor(page)
    paint(page, (0.38, 0.33), (0.46, 0.33))
    paint(page, (0.17, 0.52), (0.2, 0.56), color="remove")
    look("3-painted")
    press(page, "Apply")
    look("4-applied")
    press(page, "Undo the corrections")
    look("5-undone")
    page.get_by_role("button", name="Done").click()


def try_backgrounds(page: Page, look: Look, folder: Path) -> None:
    """A picture, a color, a blur and nothing, and a square frame."""
    Image.new("RGB", (900, 1200), (10, 200, 30)).save(folder / "green.png")
    choose(page, "My picture")
    page.locator("#backdrop-picture input[type=file]").set_input_files(folder / "green.png")
    generate(page)
    assert downloaded(page, folder).getpixel((5, 5)) == (10, 200, 30)
    look("6-own-picture")
    for step, kind in (("7-color", "Color"), ("8-blur", "Blur"), ("9-transparent", "Transparent")):
        choose(page, kind)
        generate(page)
        look(step)
    assert downloaded(page, folder).mode == "RGBA"
    open_options(page)
    page.get_by_label("Shape").click()
    page.get_by_role("option", name="1:1").click()
    generate(page)
    width, height = downloaded(page, folder).size
    assert width == height
    look("10-square")


@pytest.mark.parametrize("size", SIZES)
def test_from_a_photo_through_all_choices_and_back(
    browser: Browser, tmp_path: Path, size: tuple[int, int]
) -> None:
    # With such a threshold the man at the right border is missed at first.
    with (
        served(tmp_path, BGSWAP_PERSON_THRESHOLD="0.85") as app,
        opened_page(browser, app.url, *size) as page,
    ):
        look = looking(page, size[0])
        expect(page.locator(".status.ready")).to_be_visible()
        look("0-empty")
        correct_the_cutout(page, look)
        try_backgrounds(page, look, tmp_path)
        strip = page.locator("#history .thumbnail-item")
        expect(strip).to_have_count(5)
        strip.nth(4).click()
        expect(page.locator("#kinds label.selected")).to_have_text("My picture")
        expect(details(page)).to_contain_text("3 of 3")
        look("11-earlier-result")
        choose(page, "Describe")
        page.wait_for_timeout(1500)
        stored = page.evaluate("JSON.stringify(localStorage)")
        page.get_by_label(PROMPT).fill("a quiet beach")
        page.wait_for_function("stored => JSON.stringify(localStorage) !== stored", arg=stored)
        page.wait_for_timeout(1500)
        page.reload()
        expect(page.get_by_label(PROMPT)).to_have_value("a quiet beach")
        expect(page.locator("#photo img")).to_have_count(0)
        look("12-reloaded")


@pytest.mark.parametrize("size", SIZES)
def test_somebody_is_painted_and_put_into_a_scene(
    browser: Browser, app_url: str, tmp_path: Path, size: tuple[int, int]
) -> None:
    Image.fromarray(empty_photo()).save(tmp_path / "empty.png")
    with opened_page(browser, app_url, *size) as page:
        look = looking(page, size[0])
        upload(page, tmp_path / "empty.png")
        expect(message(page)).to_contain_text("No person detected")
        look("13-nobody")
        open_cutout_editor(page)
        paint(page, (0.4, 0.5), (0.6, 0.5), size=(320, 240))
        press(page, "Apply")
        expect(captions(page)).to_have_text(["1 · stays · 100%"])
        page.get_by_role("button", name="Done").click()
        page.get_by_label(PROMPT).fill("a beach at sunset")
        generate(page)
        look("14-painted-person-in-a-scene")
