"""Options stand in one table: checked there, and the same wherever they can be given."""

import argparse
import re
import shlex
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pytest

from bgswap.batch.command import build_parser
from bgswap.cli.arguments import command_parser, parse, photo_parser
from bgswap.errors import BadInput
from bgswap.option import Option, check_text, row
from bgswap.options import SwapOptions, rows
from bgswap.presets import CHOICES, PRESETS

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")

BOUNDS = {n: o.bounds for n, o in rows().items() if o.type in (int, float)}


def test_defaults_ask_for_nothing_special() -> None:
    options = SwapOptions()
    assert (options.seed, options.steps, options.guidance_scale) == (None, None, None)
    assert options.variations == 1
    assert (options.light, options.shadow, options.enhance_faces) == (0.0, 0.0, 0.0)
    assert options.preset == "auto"


def test_bounds_are_those_that_the_documentation_names() -> None:
    assert BOUNDS["seed"] == (0, 4294967295)
    assert (BOUNDS["steps"], BOUNDS["guidance_scale"]) == ((1, 100), (0, 30))
    assert BOUNDS["variations"] == (1, 8)
    assert {BOUNDS[name] for name in ("light", "shadow", "enhance_faces")} == {(0, 1)}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_inside(name: str) -> None:
    for value in BOUNDS[name]:
        assert getattr(SwapOptions(**{name: value}), name) == value


@pytest.mark.parametrize("name", BOUNDS)
def test_beyond_the_bounds_is_bad_input(name: str) -> None:
    low, high = BOUNDS[name]
    for value in (low - 1, high + 1, "many", float("nan"), True):
        with pytest.raises(BadInput, match=f"{name} must be"):
            SwapOptions(**{name: value})


def test_whole_numbers_may_come_as_floats_but_not_as_fractions() -> None:
    assert SwapOptions(seed=7.0).seed == 7
    assert isinstance(SwapOptions(steps=np.int64(3)).steps, int)
    with pytest.raises(BadInput, match="whole number"):
        SwapOptions(variations=1.5)


def test_only_what_has_no_default_may_be_none() -> None:
    assert SwapOptions(seed=None).seed is None
    with pytest.raises(BadInput):
        SwapOptions(variations=None)


def test_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="auto, starter, fast, draft, quality"):
        SwapOptions(preset="best")


def test_text_has_a_limit() -> None:
    check_text("prompt", "x" * 1000)
    with pytest.raises(BadInput, match="1000 characters at most, got 1001"):
        check_text("prompt", "x" * 1001)
    with pytest.raises(BadInput, match="must be text"):
        SwapOptions(negative_prompt=3)


@pytest.mark.parametrize("text", ["a \ud83d forest", "\udce9t\udce9"])
def test_half_a_character_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="lone surrogate"):
        SwapOptions(negative_prompt=text)


@dataclass(frozen=True)
class MoreOptions(SwapOptions):
    """The table with a row of each type more, and nothing else."""

    place: str = row(Option("Place", "where it is", default="", group="scene"))
    grain: float = row(
        Option("Grain", "strength of film grain", default=0.5, group="light", bounds=(0, 2))
    )
    frames: int | None = row(
        Option("Frames", "how many", default=None, group="sampling", bounds=(1, 9))
    )
    shape: str = row(
        Option(
            "Shape", "of it", default="4:5", group="scene", choices={"4:5": "Tall", "1:1": "Square"}
        )
    )
    picture: Path | None = row(Option("Picture", "what lies behind", default=None, group="scene"))


MORE = [
    "--place",
    "north",
    "--grain",
    "1.5",
    "--frames",
    "3",
    "--shape",
    "1:1",
    "--picture",
    "a.png",
]
MORE_VALUES = {
    "place": "north",
    "grain": 1.5,
    "frames": 3,
    "shape": "1:1",
    "picture": Path("a.png"),
}


def test_a_row_is_all_that_an_option_needs_on_the_command_line() -> None:
    for command in (["swap"], []):
        arguments = parse([*command, "a.jpg", "--prompt", "x", *MORE], MoreOptions)
        assert {name: getattr(arguments, name) for name in MORE_VALUES} == MORE_VALUES
        with pytest.raises(BadInput, match="unrecognized arguments: --place"):
            parse([*command, "a.jpg", "--prompt", "x", *MORE])


def test_a_row_is_all_that_an_option_needs_in_python() -> None:
    assert vars(MoreOptions(**MORE_VALUES)) == vars(SwapOptions()) | MORE_VALUES
    assert MoreOptions(picture="a.png").picture == Path("a.png")
    for wrong in (
        {"place": 3},
        {"grain": 2.5},
        {"frames": 1.5},
        {"shape": "3:2"},
        {"shape": ["4:5"]},
        {"picture": 7},
        {"picture": ""},
    ):
        with pytest.raises(BadInput, match=f"{next(iter(wrong))} must be"):
            MoreOptions(**wrong)


def test_annotations_and_defaults_of_the_table_agree() -> None:
    for entry in fields(SwapOptions):
        option = rows()[entry.name]
        assert option.type in (int, float, str, Path)
        assert option.optional == (entry.default is None)
        assert option.checked(option.default) == option.default
        assert option.page is None or option.checked(option.page) == option.page
        assert option.label and option.help and not option.help.endswith(".")


def test_the_presets_on_offer_are_those_that_there_are() -> None:
    assert list(CHOICES) == ["auto", *PRESETS]
    assert all(CHOICES.values())


def test_a_preset_that_is_added_is_a_choice_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput):
        SwapOptions(preset="watercolor")
    monkeypatch.setitem(CHOICES, "watercolor", "Watercolor")
    assert SwapOptions(preset="watercolor").preset == "watercolor"
    assert (
        parse(["swap", "a.jpg", "--prompt", "x", "--preset", "watercolor"]).preset == "watercolor"
    )


def test_the_command_line_begins_with_the_defaults_of_the_table() -> None:
    arguments = parse(["a.jpg", "--prompt", "x"])
    assert {name: getattr(arguments, name) for name in rows()} == vars(SwapOptions())


@pytest.mark.parametrize("parser", [photo_parser(), command_parser()], ids=["photo", "command"])
def test_help_explains_every_option(parser: argparse.ArgumentParser) -> None:
    commands = next((a.choices for a in parser._actions if isinstance(a.choices, dict)), None)
    text = " ".join((commands["swap"] if commands else parser).format_help().split())
    for option in rows().values():
        assert option.flag in text and option.described() in text


def test_readme_has_the_table() -> None:
    made = ["| option | default | what |", "|---|---|---|"]
    for name, option in rows().items():
        words = option.optional or option.default == ""
        default = option.default_text if words else f"`{option.default_text}`"
        page = f"; on the page `{option.page:g}`" if option.page is not None else ""
        values = ", ".join(f"`{value}`" for value in option.choices or ())
        what = f"{option.help}: {values}" if values else option.help
        what += f" ({option.allowed})" if option.allowed and not values else ""
        made.append(f"| `{name}` | {default}{page} | {what} |")
    section = README.partition("\n## Options\n")[2].partition("\n## ")[0]
    table = [line for line in section.splitlines() if line.startswith("|")]
    assert table == made, "README.md's table of options should be:\n" + "\n".join(made)


def test_readme_types_what_the_command_line_takes() -> None:
    typed = re.findall(r"^(?:\.venv/bin/python -m )?bgswap (.+)$", README, re.M)
    split = [shlex.split(line, comments=True) for line in typed]
    assert {"swap", "people", "cutout", "serve", "models"} < {words[0] for words in split}
    for words in split:
        if words[0] == "batch":
            build_parser().parse_intermixed_args(words[1:])
        else:
            parse(words)
