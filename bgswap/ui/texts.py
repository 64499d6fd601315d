"""The texts of the page in every language, from ``texts.json``; the browser picks one.

What stands in the page are marks that Gradio's part in the browser replaces, one in each value of a
component at most.
"""

import json
import re
from functools import cache
from html import escape
from pathlib import Path

import gradio as gr
from gradio.i18n import I18nData

# Of the browser, and the language of the texts that it gets.
LANGUAGES = {"en": "en", "de": "de", "fr": "fr", "es": "es", "zh": "zh", "zh-CN": "zh"}
FILE = Path(__file__).with_name("texts.json")
MARK = re.compile(r'__i18n__\{[^}]*"key": "(\w+)"\}')


@cache
def texts() -> dict[str, dict[str, str]]:
    """Every text by its key, and by its language."""
    known: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return known


def translations() -> gr.I18n:
    """All texts, for Gradio."""
    return gr.I18n(
        **{
            name: {key: words[language] for key, words in texts().items()}
            for name, language in LANGUAGES.items()
        }
    )


def text(key: str) -> str:
    """The mark of a text, for a label, a placeholder or a value.

    Raises:
        KeyError: there is no such text.
    """
    texts()[key]
    return str(I18nData(key))


def label(key: str, otherwise: str) -> str:
    """The mark of a text where there is one that says the same; else what is said."""
    return text(key) if texts().get(key, {}).get("en") == otherwise else otherwise


def english(words: str) -> str:
    """Words with marks, in English."""
    return MARK.sub(lambda mark: texts()[mark[1]]["en"], words)


def as_html(words: str) -> str:
    """Words with marks as HTML: all but the marks is escaped."""
    marks, between = MARK.findall(words), MARK.split(words)[::2]
    shown = [escape(between[0])]
    for key, rest in zip(marks, between[1:], strict=True):
        shown += [text(key) if key in texts() else "", escape(rest)]
    return "".join(shown)
