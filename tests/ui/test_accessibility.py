"""axe-core finds nothing critical or serious in any state of the page."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import choose, generate, open_cutout_editor, open_options, opened_page, upload_bus
from playwright.sync_api import Browser, Page, expect

# Targets of 24 pixels are a rule of WCAG 2.2, which axe-core leaves out unless it is named.
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}


def faults(page: Page) -> dict[str, list[str]]:
    """The critical and serious violations: each rule and the elements that break it."""
    # Colors are measured when nothing moves any more.
    page.wait_for_timeout(500)
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return {
        violation["id"]: [node["html"][:200] for node in violation["nodes"]]
        for violation in found
        if violation["impact"] in ("critical", "serious")
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), (390, 844)])
def test_every_state_of_the_page(
    browser: Browser, app_url: str, size: tuple[int, int], scheme: str
) -> None:
    with opened_page(browser, f"{app_url}?__theme={scheme}", *size) as page:
        expect(page.locator("body")).to_have_class("dark" if scheme == "dark" else "")
        found = {"empty": faults(page)}
        upload_bus(page)
        found["people found"] = faults(page)
        open_cutout_editor(page)
        found["editing"] = faults(page)
        page.get_by_role("button", name="Done").click()
        choose(page, "Blur")
        generate(page)
        generate(page)
        expect(page.locator("#history .thumbnail-item")).to_have_count(2)
        open_options(page)
        found["result"] = faults(page)
        assert {state: rules for state, rules in found.items() if rules} == {}
