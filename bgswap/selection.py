"""Who stays: the one place that reads what page, API and command line say about people."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

from bgswap.errors import BadInput
from bgswap.types import Person

Choice = str | int | Sequence[int]
NOT_PEOPLE = 'people must be "all", "largest" or a list of numbers, got {!r}'


def chosen(people: Sequence[Person], choice: Choice) -> list[Person]:
    """The people that a choice names, in the order of their numbers.

    Args:
        people: everyone found.
        choice: ``"all"``, ``"largest"`` (who covers most of the photo), a number, numbers, or
            numbers in a text (``"1,3"``).

    Raises:
        BadInput: nobody is named, or somebody who is not there.
    """
    if _is_word(choice, "largest") and people:
        return [max(people, key=lambda person: person.area)]
    numbers = named(choice)
    if numbers is None:
        return list(people)
    known = {person.number for person in people}
    unknown = sorted(set(numbers) - known)
    if unknown:
        there = (
            "1 person" if len(known) == 1 else f"{len(known)} people, numbered 1 to {len(known)}"
        )
        raise BadInput(f"There is no person {unknown[0]}: the photo shows {there}")
    return [person for person in people if person.number in numbers]


def named(choice: Choice) -> list[int] | None:
    """The numbers that a choice names, before it is known who is there; None: a word instead.

    Raises:
        BadInput: nobody is named, or what names them cannot be read.
    """
    if _is_word(choice, "all") or _is_word(choice, "largest"):
        return None
    numbers = _numbers(choice)
    if not numbers:
        raise BadInput('people must be "all", "largest" or a list of at least one number, got none')
    return numbers


def _is_word(choice: Choice, word: str) -> bool:
    return isinstance(choice, str) and choice.strip().lower() == word


def _numbers(choice: Choice) -> list[int]:
    parts: Any = choice
    if isinstance(choice, str):
        parts = choice.replace(",", " ").split()
    elif isinstance(choice, Real):
        parts = [choice]
    if not isinstance(parts, Sequence):
        raise BadInput(NOT_PEOPLE.format(choice))
    try:
        numbers = [int(p) for p in parts]
    except (TypeError, ValueError, OverflowError):
        raise BadInput(
            f'people must be "all", "largest" or a list of numbers, got {choice!r}'
        ) from None
    if any(isinstance(p, bool) or (isinstance(p, float) and p != int(p)) for p in parts):
        raise BadInput(NOT_PEOPLE.format(choice))
    return numbers
