"""Who stays, however it is said."""

import numpy as np
import pytest

from bgswap.errors import BadInput
from bgswap.selection import select_people
from bgswap.types import Person

PEOPLE = [Person(n, (0, 0, 4, 4), 0.9, np.ones((4, 4), np.float32)) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        ("all", [1, 2, 3]),
        (" ALL ", [1, 2, 3]),
        ([2], [2]),
        ([3, 1], [1, 3]),
        ([2, 2], [2]),
        ("1,3", [1, 3]),
        ("2", [2]),
        ([1.0], [1]),
        (2, [2]),
        (2.0, [2]),
        (np.int64(3), [3]),
    ],
)
def test_choices(choice: object, numbers: list[int]) -> None:
    assert [p.number for p in select_people(PEOPLE, choice)] == numbers


@pytest.mark.parametrize("choice", ["largest", " Largest "])
def test_the_largest_is_who_covers_most(choice: str) -> None:
    masks = [np.full((4, 4), share, np.float32) for share in (0.2, 0.9, 0.5)]
    people = [Person(n, (0, 0, 4, 4), 0.9, mask) for n, mask in enumerate(masks, 1)]
    assert [p.number for p in select_people(people, choice)] == [2]


@pytest.mark.parametrize(
    "choice",
    [
        [],
        "",
        "everyone",
        [1.5],
        [True],
        ["x"],
        None,
        True,
        1.5,
        float("nan"),
        [None],
        [float("inf")],
        [float("nan")],
        "9" * 5000,
    ],
)
def test_nonsense_is_refused(choice: object) -> None:
    with pytest.raises(BadInput, match="people must be"):
        select_people(PEOPLE, choice)


def test_somebody_who_is_not_there() -> None:
    with pytest.raises(BadInput, match=r"no person 9: the photo shows 3 people, numbered 1 to 3"):
        select_people(PEOPLE, [1, 9])
    with pytest.raises(BadInput, match=r"no person 0: the photo shows 1 person$"):
        select_people(PEOPLE[:1], [0])
