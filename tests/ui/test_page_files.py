"""What the page leaves on the server's disk, and which hosts it contacts."""

import time
from pathlib import Path

from browsing import captions, opened_page, progress, upload_bus
from launch import served
from playwright.sync_api import Browser, expect


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_a_page_shows_is_kept_until_it_is_closed(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path, BGSWAP_KEEP="1") as app:
        with opened_page(browser, app.url) as page:
            upload_bus(page)
            time.sleep(15)  # longer than files are kept, and than it takes to look
            page.locator("#people .thumbnail-item").first.click()
            expect(captions(page).first).to_contain_text("goes")
            assert files_in(app.cache)
        end = time.monotonic() + 60
        while time.monotonic() < end and files_in(app.cache):
            time.sleep(0.5)
        assert not files_in(app.cache)


def test_a_photo_that_is_gone_is_told_without_a_path(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path) as app:
        with opened_page(browser, app.url) as page:
            upload_bus(page)
            page.locator("#chips button").first.click()
            expect(page.locator("#generate")).to_be_enabled()
            for path in files_in(app.cache):
                path.unlink()
            page.locator("#people .thumbnail-item").first.click()
            expect(page.get_by_text("This photo is no longer here: drop it again")).to_be_visible()
            page.locator("#generate").click()
            expect(progress(page)).to_contain_text("This photo is no longer here: drop it again")
            assert str(tmp_path) not in page.locator("body").inner_text()
        assert "Traceback" not in app.log.read_text()


def test_the_browser_calls_nobody_else(browser: Browser, app_url: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    called: list[str] = []
    page.on("request", lambda request: called.append(request.url))
    page.goto(app_url)
    expect(page.locator("#generate")).to_be_visible()
    upload_bus(page)
    context.close()
    assert called
    assert not [url for url in called if not url.startswith((app_url, "data:", "blob:"))]
