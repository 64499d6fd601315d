"""What comes back: earlier results, and the choices after a reload."""

from browsing import choose, details, generate, set_steps, two_frames, upload_bus
from playwright.sync_api import Page, expect

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
    expect(details(page)).not_to_contain_text("scene starter")
    strip.nth(1).click()
    expect(details(page)).to_contain_text("scene starter")
    expect(details(page).locator("dd").first).to_have_text("7")
    expect(page.get_by_label(PROMPT)).to_have_value("a snowy forest")
    expect(page.get_by_label("Seed")).to_have_value("7")
    expect(page.locator("#kinds label.selected")).to_have_text("Describe")


def test_prompt_and_options_survive_a_reload_but_not_the_photo(page: Page) -> None:
    page.get_by_label(PROMPT).fill("a quiet beach")
    set_steps(page, 3)
    # Written to the browser's storage after the server's answer.
    page.wait_for_function("() => Object.keys(localStorage).some(k => k.includes('bgswap'))")
    page.wait_for_timeout(1500)
    page.reload()
    expect(page.get_by_label(PROMPT)).to_have_value("a quiet beach")
    expect(page.locator("#photo img")).to_have_count(0)
    page.locator("#options > button").click()
    two_frames(page)
    expect(page.get_by_label("Steps")).to_have_value("3")
