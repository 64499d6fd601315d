"""Checks of a prompt, and notes on it."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from bgswap.errors import BadInput
from bgswap.option import check_text

# Unicode letters and symbols without a visible glyph: Hangul fillers, the blank Braille pattern.
INVISIBLE = "\u115f\u1160\u3164\uffa0\u2800"


def check_prompt(prompt: Any) -> None:
    """Check that a prompt is a text with something to read.

    Raises:
        BadInput: it is not a string, empty, or too long.
    """
    check_text("prompt", prompt)
    if not any(_visible(character) for character in prompt):
        raise BadInput("Describe the scene in a few words")


def _visible(character: str) -> bool:
    """Whether a character has a visible glyph: not a space, control or filler character."""
    return unicodedata.category(character)[0] not in "CZM" and character not in INVISIBLE


def no_words_note(prompt: str) -> list[str]:
    """A note where a prompt has no letters; else nothing."""
    if any(character.isalpha() for character in prompt):
        return []
    return ["The prompt holds no words: the scene is random"]


def unknown_words_note(words: Sequence[str]) -> list[str]:
    """A note on words that the starter's vocabulary lacks; nothing where there are none."""
    return [f"The starter scene model does not know: {', '.join(words)}"] if words else []
