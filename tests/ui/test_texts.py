"""The page's words: complete in every language, all of them used, and shown as the browser asks."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest
from browsing import PATIENCE, captions, upload_bus
from playwright.sync_api import Browser, expect

from bgswap.options import SwapOptions, rows
from bgswap.ui import background_controls, many_bounds, texts

UI = Path(texts.__file__).parent
SOURCES = "".join(path.read_text() for path in UI.glob("*.py"))
# Keys that are put together, or belong to words that the browser exchanges.
CHOICES = {*background_controls.KINDS.values(), *many_bounds.PEOPLE.values(), "stays", "goes"}


def test_every_text_is_there_in_every_language() -> None:
    languages = set(texts.LANGUAGES.values())
    assert languages == {"en", "de", "fr", "es", "zh"}
    for key, words in texts.texts().items():
        assert set(words) == languages, key
        assert all(word.strip() for word in words.values()), key


def test_every_text_is_used() -> None:
    used = set(re.findall(r"""(?:(?<=\btext\()|(?<= else ))['"](\w+)['"]""", SOURCES))
    used |= {f"option_{name}" for name in rows()} | {
        f"chip_{name}" for name in background_controls.PROMPTS
    }
    used |= {key for key, words in texts.texts().items() if words["en"] in CHOICES}
    assert not set(texts.texts()) - used


def test_every_choice_and_option_has_a_text() -> None:
    english = {words["en"] for words in texts.texts().values()}
    assert english >= CHOICES
    for name, option in rows().items():
        if option.on_page:
            assert texts.label(f"option_{name}", option.label) == texts.text(f"option_{name}")


def test_what_is_no_text_of_the_page_is_left_alone() -> None:
    assert texts.label("option_grain", "Film grain") == "Film grain"
    with pytest.raises(KeyError):
        texts.text("nothing")


def test_marks_stay_and_the_rest_is_escaped() -> None:
    mark = texts.text("done")
    assert texts.as_html(f"<b> {mark} & 3") == f"&lt;b&gt; {mark} &amp; 3"
    assert texts.english(f"4 {mark}!") == "4 Done!"
    assert texts.as_html(mark.replace("done", "nothing")) == ""


@pytest.mark.parametrize(
    ("locale", "button", "kind", "tile", "found"),
    [
        ("de-DE", "Erzeugen", "Beschreiben", "1 · bleibt", "Menschen gefunden"),
        ("fr", "Générer", "Décrire", "1 · reste", "personnes trouvées"),
        ("zh-CN", "生成", "描述", "1 · 留下", "人已找到"),
    ],
)
def test_the_page_speaks_the_language_of_the_browser(
    browser: Browser, app_url: str, locale: str, button: str, kind: str, tile: str, found: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=locale)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(app_url)
    expect(page.locator("#generate")).to_have_text(button)
    expect(page.locator("#kinds label").first).to_contain_text(kind)
    upload_bus(page, found)
    expect(captions(page).first).to_contain_text(tile)
    first = page.locator("#people .thumbnail-item").first
    expect(first).to_have_attribute("aria-pressed", "true")
    first.click()
    expect(first).to_have_attribute("aria-pressed", "false")
    assert (
        page.evaluate("document.documentElement.lang") == locale.split("-")[0] or locale == "zh-CN"
    )
    assert "__i18n__" not in page.locator("body").inner_text()
    context.close()


def test_no_option_begins_as_a_key() -> None:
    # Gradio translates the value of a control that it resets: "photo" would be sent as "Photo".
    values = {str(value) for value in asdict(SwapOptions()).values()}
    assert "photo" in values
    assert not values & set(texts.texts())
