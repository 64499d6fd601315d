"""What a prompt must be, and what is to be said of one."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from bgswap.errors import BadInput
from bgswap.option import check_text

# Letters and symbols of Unicode that are drawn as nothing: Hangul fillers, the blank of Braille.
FILLERS = "\u115f\u1160\u3164\uffa0\u2800"


def check_prompt(prompt: Any) -> None:
    """Refuse a prompt that describes nothing.

    Raises:
        BadInput: it is no text, empty, or too long.
    """
    check_text("prompt", prompt)
    if not any(_visible(character) for character in prompt):
        raise BadInput("Describe the scene in a few words")


def _visible(character: str) -> bool:
    """Whether a character shows: no space, no control or zero-width character, no filler."""
    return unicodedata.category(character)[0] not in "CZM" and character not in FILLERS


def wordless(prompt: str) -> list[str]:
    if any(character.isalpha() for character in prompt):
        return []
    return ["The prompt holds no words: the scene was left to chance"]


def unknown(words: Sequence[str]) -> list[str]:
    return [f"The starter scene model does not know: {', '.join(words)}"] if words else []
