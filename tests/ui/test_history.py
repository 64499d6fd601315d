"""What comes back: earlier results, and the choices after a reload."""

import re
from pathlib import Path

from browsing import choose, details, generate, open_options, set_steps, upload_bus
from playwright.sync_api import Page, expect

from bgswap.io import metadata

PROMPT = "Describe the new background"


def test_an_earlier_result_comes_back_with_its_choices(page: Page) -> None:
    upload_bus(page)
    page.get_by_label(PROMPT).fill("a snowy forest")
    set_steps(page, 1)
    page.get_by_label("Seed").fill("7")
    generate(page)
    expect(page.locator("#earlier")).to_be_hidden()
    choose(page, "Blur")
    generate(page)
    strip = page.locator("#history .thumbnail-item")
    expect(strip).to_have_count(2)
    expect(details(page)).not_to_contain_text("scene: starter")
    strip.nth(1).click()
    expect(details(page)).to_contain_text("scene: starter")
    expect(details(page).locator("dd").first).to_have_text("7")
    expect(page.get_by_label(PROMPT)).to_have_value("a snowy forest")
    expect(page.get_by_label("Seed")).to_have_value("7")
    expect(page.locator("#kinds label.selected")).to_have_text("Describe")


def test_prompt_and_options_survive_a_reload_but_not_the_photo(page: Page) -> None:
    page.get_by_label(PROMPT).fill("a quiet beach")
    # Written to the browser's storage after the server's answer.
    page.wait_for_function("() => Object.keys(localStorage).some(k => k.includes('bgswap'))")
    stored = page.evaluate("JSON.stringify(localStorage)")
    set_steps(page, 3)
    page.wait_for_function("stored => JSON.stringify(localStorage) !== stored", arg=stored)
    page.wait_for_timeout(1500)
    page.reload()
    expect(page.get_by_label(PROMPT)).to_have_value("a quiet beach")
    expect(page.locator("#photo img")).to_have_count(0)
    open_options(page)
    expect(page.get_by_label("Steps")).to_have_value("3")


def seeds(page: Page, folder: Path) -> list[int]:
    """The seed of the result that shows, as its summary, details and picture tell it."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture (PNG)").click()
    download.value.save_as(folder / "picture.png")
    told = re.findall(r"seed\D+(\d+)", page.locator("#details").inner_text())
    summary = details(page).locator("dd").first.inner_text()
    return [int(summary), int(told[-1]), metadata.read(folder / "picture.png")["seed"]]


def test_another_scene_changes_all_that_is_told_of_it(page: Page, tmp_path: Path) -> None:
    upload_bus(page)
    page.get_by_label(PROMPT).fill("a snowy forest")
    set_steps(page, 1)
    page.get_by_label("number input for Variations").fill("2")
    generate(page)
    scenes = page.locator("#candidates .caption-label")
    expect(scenes).to_have_text(["Scene 1", "Scene 2"])
    page.get_by_role("button", name="Details as JSON").click()
    before, view = seeds(page, tmp_path), page.locator("#slider img").last.get_attribute("src")
    scenes.nth(1).click()
    expect(page.locator("#slider img").last).not_to_have_attribute("src", view)
    after = seeds(page, tmp_path)
    assert len(set(before)) == len(set(after)) == 1
    assert before != after


def test_the_download_names_the_kind_of_file(page: Page) -> None:
    upload_bus(page)
    choose(page, "Blur")
    open_options(page)
    page.get_by_label("File", exact=True).click()
    page.get_by_role("option", name="WebP").click()
    generate(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Picture (WebP)").click()
    assert download.value.suggested_filename.endswith(".webp")
