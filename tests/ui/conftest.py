"""A browser for the tests of the page.

One a module: while it is open, nothing else in its thread can run an event loop.
"""

from collections.abc import Iterator

import pytest
from browsing import CHROMIUM, FLAGS, opened_page
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, app_url: str) -> Iterator[Page]:
    with opened_page(browser, app_url) as page:
        yield page
