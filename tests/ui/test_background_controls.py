"""What stands behind the people: each kind of background, from the page."""

from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from browsing import choose, details, generate, progress, set_steps, upload_bus
from PIL import Image
from playwright.sync_api import Page, expect

from bgswap import BadInput
from bgswap.ui.background_controls import (
    KINDS,
    background_options,
    hex_color,
    lay_out_background_controls,
    missing,
)


def downloaded(page: Page, folder: Path) -> Image.Image:
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture (PNG)").click()
    download.value.save_as(folder / "picture.png")
    return Image.open(folder / "picture.png")


def test_a_color_a_blur_and_nothing(page: Page, tmp_path: Path) -> None:
    upload_bus(page)
    choose(page, "Color")
    expect(page.locator("#prompt")).to_be_hidden()
    generate(page)
    # The upper corner of the photo shows nobody.
    assert downloaded(page, tmp_path).getpixel((5, 5)) == (0xDB, 0xE7, 0xF3)
    # Telling the place in the queue has ended by then.
    page.wait_for_timeout(4000)
    expect(progress(page)).to_contain_text("Done")
    assert "scene" not in details(page).inner_text()
    choose(page, "Blur")
    generate(page)
    blurred = np.asarray(downloaded(page, tmp_path).convert("L")).astype(float)
    assert np.abs(np.diff(blurred[:60], axis=1)).mean() < 2
    choose(page, "Transparent")
    generate(page)
    picture = downloaded(page, tmp_path)
    assert (picture.mode, picture.getpixel((5, 5))[3]) == ("RGBA", 0)


def test_a_picture_file_as_the_background(page: Page, tmp_path: Path) -> None:
    upload_bus(page)
    choose(page, "My picture")
    why = page.locator("#why")
    expect(why).to_have_text("Choose the picture that goes behind the people.")
    expect(page.locator("#generate")).to_be_disabled()
    Image.new("RGB", (900, 1200), (10, 200, 30)).save(tmp_path / "green.png")
    page.locator("#backdrop-picture input[type=file]").set_input_files(tmp_path / "green.png")
    generate(page)
    assert downloaded(page, tmp_path).getpixel((5, 5)) == (10, 200, 30)


def test_generate_says_what_is_missing(page: Page) -> None:
    why = page.locator("#why")
    expect(why).to_have_text("Choose a photo first.")
    upload_bus(page)
    expect(why).to_have_text("Describe the scene in a few words.")
    page.locator("#chips button").first.click()
    expect(why).to_have_text("")
    page.get_by_role("button", name="No one").click()
    expect(why).to_have_text("Choose at least one person who stays.")
    expect(page.locator("#generate")).to_be_disabled()


def test_words_that_the_starter_does_not_know_are_named(page: Page) -> None:
    prompt, words = page.get_by_label("Describe the new background"), page.locator("#words")
    prompt.fill("a spaceship over a beach")
    expect(words).to_contain_text("“spaceship”")
    assert "beach" not in words.inner_text()
    prompt.fill("a beach at sunset")
    expect(words).to_be_hidden()


def test_a_broken_background_is_told(page: Page, tmp_path: Path) -> None:
    upload_bus(page)
    choose(page, "My picture")
    (tmp_path / "no.png").write_text("not a picture")
    page.locator("#backdrop-picture input[type=file]").set_input_files(tmp_path / "no.png")
    expect(page.locator("#generate")).to_be_enabled()
    page.locator("#generate").click()
    expect(progress(page)).to_contain_text("the background cannot be used")


def test_another_scene_changes_all_that_is_told(page: Page) -> None:
    upload_bus(page)
    page.locator("#chips button").first.click()
    set_steps(page, 1)
    page.get_by_label("number input for Variations").fill("2")
    generate(page)
    scenes = page.locator("#candidates .caption-label")
    expect(scenes).to_have_text(["Scene 1", "Scene 2"])
    first = details(page).inner_text()
    page.locator("#candidates .thumbnail-item").nth(1).click()
    expect(details(page)).not_to_have_text(first)
    seed = details(page).locator("dd").first.inner_text()
    page.get_by_text("Details as JSON").click()
    expect(page.locator("#right .json-holder")).to_contain_text(seed)


@pytest.mark.parametrize(
    ("text", "color"),
    [("#336699", "#336699"), ("rgba(51, 102.4, 153, 1)", "#336699"), ("rgb(0,0,0)", "#000000")],
)
def test_a_picked_color_is_read(text: str, color: str) -> None:
    assert hex_color(text) == color


@pytest.mark.parametrize("text", ["", None, "blue", "#12345", "rgba(1, 2)"])
def test_what_is_no_color_is_refused(text: str | None) -> None:
    with pytest.raises(BadInput, match="Choose a color"):
        hex_color(text)


def test_the_controls_become_options(tmp_path: Path) -> None:
    (tmp_path / "own.png").touch()
    with gr.Blocks():
        backdrop = lay_out_background_controls()
    values = {control: control.value for control in backdrop.controls.values()}
    values |= {backdrop.picture: str(tmp_path / "own.png"), backdrop.second: "#000000"}

    def options(kind: str, **more: object) -> dict[str, object]:
        changed = {getattr(backdrop, name): value for name, value in more.items()}
        return background_options(backdrop, values | {backdrop.kind: kind} | changed, tmp_path)

    assert options("describe") == {}
    assert options("picture") == {"background_picture": tmp_path / "own.png"}
    assert options("color", color="#ffffff") == {"background": "#ffffff"}
    assert options("color", color="#ffffff", gradient=True) == {"background": "#ffffff-#000000"}
    assert options("blur", blur=7) == {"background": "blur:7"}
    assert options("transparent") == {"background": "transparent"}
    with pytest.raises(BadInput, match="must be an uploaded picture file"):
        options("picture", picture="/etc/hostname")


def test_only_what_is_needed_is_asked_for() -> None:
    for kind in KINDS:
        asked = missing(kind, " ", None)
        assert bool(asked) == (kind in ("describe", "picture"))
        assert not missing(kind, "a forest", "own.png")
