"""Everything in its place: what fits the window, and what stays in view."""

import pytest
from browsing import choose, generate, opened_page, progress, upload_bus
from playwright.sync_api import Browser, Page, expect


def bottom(page: Page, element: str) -> float:
    """Where an element ends, in pixels from the top of the window."""
    box = page.locator(element).first.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def test_photo_people_prompt_and_generate_fit_900_pixels(page: Page) -> None:
    upload_bus(page)
    expect(page.locator("#prompt")).to_be_visible()
    assert bottom(page, "#generate") <= 900


@pytest.mark.parametrize("size", [(1280, 900), (1366, 768)])
def test_progress_and_result_are_in_view_after_generate(
    browser: Browser, app_url: str, size: tuple[int, int]
) -> None:
    with opened_page(browser, app_url, *size) as page:
        upload_bus(page)
        choose(page, "Blur")
        generate(page)
        page.locator("#generate").scroll_into_view_if_needed()
        expect(page.locator("#slider img")).to_have_count(2)
        for element in (progress(page), page.locator("#slider")):
            box = element.bounding_box()
            assert box is not None
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= size[1]


def test_the_slider_is_as_high_as_its_picture(page: Page) -> None:
    page.locator("#examples .gallery-item").nth(1).click()
    choose(page, "Blur")
    generate(page)
    # The photo is 1280 by 720; the slider has a border.
    page.wait_for_function("document.querySelector('#slider img').naturalWidth > 0")
    box = page.locator("#slider").bounding_box()
    assert box is not None
    assert abs(box["height"] - box["width"] * 720 / 1280) < 12


def test_keys_move_the_slider(page: Page) -> None:
    upload_bus(page)
    choose(page, "Blur")
    generate(page)
    handle = page.get_by_role("slider", name="Before and after")
    page.wait_for_function("document.querySelector('#slider img').naturalWidth > 0")
    page.wait_for_timeout(500)
    handle.focus()

    def place() -> int:
        return int(handle.get_attribute("aria-valuenow") or -1)

    start = place()
    assert 10 <= start <= 20, "it begins at the result"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", str(start + 10))
    page.keyboard.press("End")
    expect(handle).to_have_attribute("aria-valuenow", "100")
    page.keyboard.press("ArrowLeft")
    expect(handle).to_have_attribute("aria-valuenow", "95")


def test_it_fits_a_phone(browser: Browser, app_url: str) -> None:
    with opened_page(browser, app_url, 390, 844) as page:
        upload_bus(page)
        for kind in ("My picture", "Color", "Blur", "Transparent", "Describe"):
            choose(page, kind)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
        photo, result = bottom(page, "#photo"), page.locator("#result").bounding_box()
        assert result is not None
        assert result["y"] > photo
