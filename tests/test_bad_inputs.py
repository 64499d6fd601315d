"""Each bad input is told in one sentence; what the API answers is asked by the command."""

from pathlib import Path

import pytest
from bad_inputs import INPUTS, Answer, Bad, by_command_line, by_python, clear
from photos import ZIDANE, starter_swapper


@pytest.mark.parametrize("bad", INPUTS, ids=lambda bad: bad.name)
def test_python_and_the_command_line_say_what_is_wrong(bad: Bad, tmp_path: Path) -> None:
    for ask in (by_python(starter_swapper(), ZIDANE), by_command_line(ZIDANE)):
        answer = ask(bad, tmp_path)
        assert clear(bad, answer), answer
    assert not (tmp_path / "out.png").exists()


def test_there_are_45_of_them_and_each_is_another() -> None:
    assert len({bad.name for bad in INPUTS}) == len(INPUTS) >= 45


@pytest.mark.parametrize(
    "answer",
    [
        Answer("exit 1", "Traceback (most recent call last): no words"),
        Answer("", "Describe the scene in a few words"),
        Answer("error", "Something went wrong"),
        Answer("error", "Describe the scene\nin a few words"),
        Answer("error", "KeyError: 'prompt'"),
    ],
    ids=lambda answer: answer.said[:20],
)
def test_what_is_not_clear(answer: Answer) -> None:
    assert not clear(Bad("no words", "Describe the scene"), answer)
