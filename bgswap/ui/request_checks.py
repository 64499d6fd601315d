"""Checks of the parameters of an endpoint before its request enters the queue."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from bgswap import BadInput, SwapOptions
from bgswap.option import Option
from bgswap.options import rows
from bgswap.plan import check_request
from bgswap.selection import parse_choice
from bgswap.ui.guard import uploaded_path, without_folders
from bgswap.ui.service import SwapService

Verdict = dict[str, Any]
# The options in place of which a prompt may be missing.
BEHIND = ("background", "background_picture")


def check_photo(service: SwapService, photo: Any) -> Verdict:
    """The verdict on the one parameter of ``/find_people``."""
    return _verdict(lambda: uploaded_path(photo, service.cache))


def check_swap(
    service: SwapService,
    table: type[SwapOptions],
    photo: Any,
    prompt: Any = "",
    people: Any = "all",
    *values: Any,
) -> list[Verdict]:
    """The verdicts on the parameters of ``/replace_background``, in their order.

    Args:
        service: what will do the work.
        table: the options.
        photo: as it was sent; so are the others.
        prompt: the scene in words.
        people: who stays.
        values: the options in the order of their rows; those that are missing have their defaults.
    """
    whose = partial(parse_choice, people)
    return check_asked(
        service, table, partial(uploaded_path, photo, service.cache), prompt, whose, values
    )


def check_asked(
    service: SwapService,
    table: type[SwapOptions],
    check_files: Callable[[], object],
    prompt: Any,
    check_people: Callable[[], object],
    values: Sequence[Any],
) -> list[Verdict]:
    """The verdicts on what came in, on who stays, and on all that is asked for beside.

    Args:
        service: what will do the work.
        table: the options.
        check_files: raises :class:`BadInput` where the first parameter is not as it should be.
        prompt: the scene in words, as it was sent.
        check_people: raises :class:`BadInput` where the third parameter is not as it should be.
        values: as for :func:`check_swap`.
    """
    options: dict[str, Any] = {}

    def check(option: Option, value: Any) -> None:
        options[option.name] = received(option, value, service.cache)
        table(**{option.name: options[option.name]})
        if option.name in ("background", "position", "size"):
            check_request("-", table(**{option.name: value}))

    verdicts = [_verdict(check_files), _verdict(lambda: None), _verdict(check_people)]
    given = zip(rows(table).values(), values, strict=False)
    verdicts += [_verdict(partial(check, option, value)) for option, value in given]
    # A scene in words is needed only where nothing else stands behind the people.
    behind = {name: options[name] for name in BEHIND if name in options}
    judged = dict(zip(rows(table), verdicts[3:], strict=False))
    valid = all(verdict["is_valid"] for verdict in verdicts)
    asked = options if valid else behind
    if all(judged[name]["is_valid"] for name in BEHIND if name in judged):
        verdicts[1] = _verdict(lambda: check_request(prompt, table(**asked)))
    if "steps" in options and all(verdict["is_valid"] for verdict in verdicts):
        steps = len(verdicts) - len(options) + list(options).index("steps")
        verdicts[steps] = _verdict(lambda: service.check_steps(table(**options)))
    return verdicts


def received(option: Option, value: Any, cache: str | Path) -> Any:
    """An option as it came with a request; of a file its path.

    Args:
        option: its row.
        value: what was sent.
        cache: Gradio's upload folder.

    Raises:
        BadInput: a file is no uploaded one.
    """
    if option.type is not Path or value is None:
        return value
    return uploaded_path(value, cache, option.name)


def _verdict(check: Callable[[], object]) -> Verdict:
    try:
        check()
    except BadInput as error:
        return gr.validate(False, without_folders(str(error)))
    return gr.validate(True, "")
