"""The table of the growth benchmark says what was measured."""

import pytest

from benchmarks import growth


def row(method, expansion, extra_people, **seconds):
    return {"method": method, "expansion": expansion, "extra_people": extra_people} | seconds


ROWS = [
    row(growth.PLAIN, 0.1, 0, seconds=2.0),
    row(growth.PASTED, 0.1, 2, seconds=2.0),
    row(growth.OURS, 0.02, 0, seconds=3.0),
    row(growth.ON_GREY, 0.01, 0),
    row(growth.PLAIN, 0.3, 0, seconds=2.0),
    row(growth.PASTED, 0.0, 0, seconds=2.0),
    row(growth.OURS, 0.04, 1, seconds=7.0),
    row(growth.ON_GREY, 0.01, 0),
]


def test_means_are_over_the_pictures_of_each_method():
    lines = {line["method"]: line for line in growth.summary(ROWS)}
    assert {line["pictures"] for line in lines.values()} == {2}
    assert lines[growth.PLAIN]["expansion"] == pytest.approx(0.2)
    assert lines[growth.OURS]["expansion"] == pytest.approx(0.03)
    # Two people too many in one picture are one picture.
    assert lines[growth.PASTED]["with_extra_person"] == 0.5
    assert lines[growth.OURS]["time"] == pytest.approx(2.5)


def test_the_table_has_a_line_for_each_method():
    lines = growth.table(growth.summary(ROWS)).splitlines()
    assert len(lines) == 6
    assert lines[4] == "| ours | 2 | 3.00% | 50.0% | 2.50 |"
    assert lines[5] == "| ours over plain grey | 2 | 1.00% | 0.0% |  |"
