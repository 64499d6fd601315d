"""Who is kept: parsing of the choice of people for page, API and command line."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

from bgswap.errors import BadInput
from bgswap.types import Person

Choice = str | int | Sequence[int]
NOT_PEOPLE = 'people must be "all", "largest" or a list of numbers, got {!r}'


def select_people(people: Sequence[Person], choice: Choice) -> list[Person]:
    """The people that a choice selects, in the order of their numbers.

    Args:
        people: everyone found.
        choice: ``"all"``, ``"largest"`` (who covers most of the photo), a number, numbers, or
            numbers in a text (``"1,3"``).

    Raises:
        BadInput: nobody is selected, or a number that no person has.
    """
    if _is_word(choice, "largest") and people:
        return [max(people, key=lambda person: person.area)]
    numbers = parse_choice(choice)
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


def parse_choice(choice: Choice) -> list[int] | None:
    """The numbers in a choice, checked without knowing the people; None for a keyword.

    Raises:
        BadInput: there is no number, or the choice cannot be parsed.
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
        raise BadInput(NOT_PEOPLE.format(choice)) from None
    if any(isinstance(p, bool) or (isinstance(p, float) and p != int(p)) for p in parts):
        raise BadInput(NOT_PEOPLE.format(choice))
    return numbers
