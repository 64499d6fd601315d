"""The folded-away options of a swap: a control for each row of the table."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import get_args

import gradio as gr

from bgswap.option import LONGEST_TEXT, Group, Option
from bgswap.options import SwapOptions, rows
from bgswap.ui.texts import label, text

# The controls by the name of their option.
Options = dict[str, gr.components.Component]


def lay_out_options(table: type[SwapOptions] = SwapOptions) -> Options:
    """Build the folded options where the page stands, a line for each group."""
    controls: Options = {}
    with gr.Accordion(text("options"), open=False, elem_id="options"):
        for group in _groups(table):
            with gr.Row() if len(group) > 1 else nullcontext():
                controls |= {option.name: _control(option) for option in group}
    return controls


def _groups(table: type[SwapOptions]) -> Iterator[list[Option]]:
    for name in get_args(Group):
        group = [
            option for option in rows(table).values() if option.group == name and option.on_page
        ]
        if group:
            yield group


def _control(option: Option) -> gr.components.Component:
    title = label(f"option_{option.name}", option.label)
    value = option.default if option.page is None else option.page
    if option.choices is not None:
        titles = [(title, name) for name, title in option.choices.items()]
        return gr.Dropdown(titles, value=value, label=title)
    if option.type is Path:
        return gr.File(label=title, type="filepath", file_types=["image"])
    if option.type is str:
        return _text(option, title)
    if option.optional:
        return _number(option, title)
    low, high = option.bounds
    step = 1 if option.type is int else option.step
    return gr.Slider(low, high, value=value, step=step, label=title, min_width=150)


def _text(option: Option, title: str) -> gr.Textbox:
    return gr.Textbox(
        label=title,
        value=option.default or "",
        placeholder=option.placeholder,
        max_length=LONGEST_TEXT,
    )


def _number(option: Option, title: str) -> gr.Textbox:
    # Not gr.Number: it turns "nothing chosen" into 0 as soon as it is shown.
    return gr.Textbox(
        label=title,
        value="",
        placeholder=option.placeholder,
        max_lines=1,
        min_width=90,
    )
