"""Each bad input gives one clear sentence, in Python and on the command line."""

from pathlib import Path

import pytest
from bad_input_list import INPUTS, BadInputCase
from bad_inputs import Answer, by_command_line, by_python, is_clear
from photos import ZIDANE, starter_swapper


@pytest.mark.parametrize("bad", INPUTS, ids=lambda bad: bad.name)
def test_python_and_the_command_line_say_what_is_wrong(bad: BadInputCase, tmp_path: Path) -> None:
    for send in (by_python(starter_swapper(), ZIDANE), by_command_line(ZIDANE)):
        answer = send(bad, tmp_path)
        assert is_clear(bad, answer), answer
    assert not (tmp_path / "out.png").exists()


def test_there_are_45_different_inputs() -> None:
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
    ids=lambda answer: answer.message[:20],
)
def test_an_unclear_answer_is_recognized(answer: Answer) -> None:
    assert not is_clear(BadInputCase("no words", "Describe the scene"), answer)
