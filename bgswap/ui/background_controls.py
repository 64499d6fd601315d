"""The controls of the background: a description, a picture, a color, a blur, or transparent."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from bgswap import BadInput
from bgswap.backgrounds.blur import CONFIG as BLUR
from bgswap.option import LONGEST_TEXT
from bgswap.ui import fragments
from bgswap.ui.guard import uploaded_path
from bgswap.ui.texts import text

DESCRIBE, PICTURE, COLOR, CLEAR, BLURRED = "describe", "picture", "color", "transparent", "blur"
KINDS = {
    DESCRIBE: "Describe",
    PICTURE: "My picture",
    COLOR: "Color",
    BLURRED: "Blur",
    CLEAR: "Transparent",
}
PROMPTS = {
    "jungle": "a lush green jungle",
    "beach": "a beach by the sea under a blue sky",
    "mountains": "snowy mountains on a clear winter day",
    "street": "a city street on a sunny day",
    "field": "a wheat field in golden light",
    "studio": "a plain white studio backdrop, soft light",
}
NUMBER = r"\s*(\d+(?:\.\d+)?)\s*"
RGB = re.compile(rf"rgba?\({NUMBER},{NUMBER},{NUMBER}(?:,{NUMBER})?\)")


@dataclass(frozen=True, eq=False)
class BackgroundControls:
    """The controls of the step Background.

    Attributes:
        kind: one of :data:`KINDS`.
        rooms: what shows for each kind; a kind without one needs no control.
        prompt: the scene in words.
        words: names the words of it that the scene model does not know.
        chips: prompts to begin with.
        picture: an uploaded file.
        color: of a plain background, or the upper one of a gradient.
        gradient: whether there is a second color.
        second: the lower one.
        blur: its strength.
    """

    kind: gr.Radio
    rooms: dict[str, gr.Column]
    prompt: gr.Textbox
    words: gr.HTML
    chips: Sequence[gr.Button]
    picture: gr.File
    color: gr.ColorPicker
    gradient: gr.Checkbox
    second: gr.ColorPicker
    blur: gr.Slider

    @property
    def asked(self) -> list[gr.components.Component]:
        """What :func:`missing` reads, in its order."""
        return [self.kind, self.prompt, self.picture]

    @property
    def controls(self) -> dict[str, gr.components.Component]:
        """What lasts through a reload, by name: all but the picture."""
        names = ("kind", "prompt", "color", "gradient", "second", "blur")
        return {name: getattr(self, name) for name in names}

    def shown(self, kind: str) -> dict[Any, Any]:
        """The updates that show the controls of one kind alone."""
        return {room: gr.Column(visible=name == kind) for name, room in self.rooms.items()}


def lay_out_background_controls() -> BackgroundControls:
    """Build the step's controls where the page stands."""
    kind = gr.Radio(
        [(title, name) for name, title in KINDS.items()],
        value=DESCRIBE,
        label=text("background"),
        show_label=False,
        container=False,
        elem_id="kinds",
    )
    with gr.Column(elem_classes="room") as described:
        prompt = gr.Textbox(
            label=text("prompt"),
            show_label=False,
            container=False,
            value="",
            placeholder="a jungle at sunset, warm golden light",
            lines=2,
            max_lines=4,
            max_length=LONGEST_TEXT,
            elem_id="prompt",
        )
        words = gr.HTML("", visible=False, elem_id="words")
        with gr.Row(elem_id="chips"):
            names = [text(f"chip_{name}") for name in PROMPTS]
            chips = [gr.Button(name, size="sm", min_width=60, scale=0) for name in names]
    with gr.Column(visible=False, elem_classes="room") as pictured:
        # Not gr.Image: its conversion fails on what open_photo can read.
        picture = gr.File(
            label=text("choose_backdrop"),
            show_label=False,
            type="filepath",
            file_types=["image"],
            height=110,
            elem_id="backdrop-picture",
        )
    with (
        gr.Column(visible=False, elem_classes="room") as colored,
        gr.Row(elem_id="colors", equal_height=True),
    ):
        color = gr.ColorPicker("#dbe7f3", label=text("color"), min_width=90)
        gradient = gr.Checkbox(False, label=text("gradient"), min_width=120)
        second = gr.ColorPicker("#ffffff", label=text("second_color"), min_width=90, visible=False)
    with gr.Column(visible=False, elem_classes="room") as blurred:
        blur = gr.Slider(
            BLUR.least,
            BLUR.most,
            value=BLUR.default,
            step=1,
            label=text("how_blurred"),
            elem_id="blur",
        )
    rooms = {DESCRIBE: described, PICTURE: pictured, COLOR: colored, BLURRED: blurred}
    return BackgroundControls(
        kind, rooms, prompt, words, chips, picture, color, gradient, second, blur
    )


def missing(kind: str, prompt: str | None, picture: str | None) -> str:
    """What is still to be given before a background can be made, in words; empty: nothing."""
    if kind == DESCRIBE and not (prompt and prompt.strip()):
        return text("no_prompt")
    if kind == PICTURE and not picture:
        return text("no_backdrop")
    return ""


def background_options(
    backdrop: BackgroundControls, values: dict[Any, Any], cache: Path
) -> dict[str, Any]:
    """The options ``background`` and ``background_picture`` as the controls have them.

    Args:
        backdrop: the controls.
        values: of all of them.
        cache: Gradio's upload folder.

    Raises:
        BadInput: no color was chosen, or the picture is no uploaded file.
    """
    kind = values[backdrop.kind]
    if kind == PICTURE:
        path = uploaded_path({"path": values[backdrop.picture]}, cache, "background_picture")
        return {"background_picture": path}
    if kind == COLOR:
        colors = [values[backdrop.color]]
        colors += [values[backdrop.second]] if values[backdrop.gradient] else []
        return {"background": "-".join(map(hex_color, colors))}
    if kind == BLURRED:
        return {"background": f"blur:{values[backdrop.blur]:g}"}
    return {"background": CLEAR} if kind == CLEAR else {}


def hex_color(text: str | None) -> str:
    """A color as a color picker gives it (``#rrggbb`` or ``rgba(...)``), as ``#rrggbb``.

    Raises:
        BadInput: it is neither.
    """
    word = (text or "").strip()
    match = RGB.fullmatch(word)
    if match:
        channels = (min(255, round(float(value))) for value in match.groups()[:3])
        return "#" + "".join(f"{channel:02x}" for channel in channels)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", word):
        raise BadInput("Choose a color, such as #336699")
    return word


def unknown(words: Sequence[str]) -> str:
    """The line that names words which the scene model does not know; empty where there are none."""
    if not words:
        return ""
    named = ", ".join(f"“{word}”" for word in words)
    return fragments.message(f"The starter model does not know {named}: it will paint without.")
