"""The folded-away options of a swap: their controls, within the bounds that hold everywhere."""

from dataclasses import dataclass

import gradio as gr

from bgswap.presets import AUTO, PRESETS
from bgswap.types import BOUNDS, LONGEST_TEXT

# What the page begins with: programs get the people's exact pixels unless they ask for more.
LIGHT = 0.3


@dataclass(frozen=True, eq=False)
class Options:
    """The controls of the folded-away options, named as the fields of :class:`SwapOptions`."""

    negative_prompt: gr.Textbox
    seed: gr.Textbox
    steps: gr.Textbox
    guidance_scale: gr.Textbox
    variations: gr.Slider
    light: gr.Slider
    shadow: gr.Slider
    enhance_faces: gr.Slider
    preset: gr.Dropdown


def lay_out_options() -> Options:
    """Build the folded options where the page stands."""
    with gr.Accordion("Options", open=False, elem_id="options"):
        negative_prompt = gr.Textbox(
            label="Not in the scene",
            value="",
            placeholder="cars, text",
            max_length=LONGEST_TEXT,
        )
        with gr.Row():
            variations = _slider("Variations", "variations", 1, 1)
            preset = gr.Dropdown(
                [("Automatic", AUTO), *((row.title, row.name) for row in PRESETS.values())],
                value=AUTO,
                label="Scene model",
            )
        with gr.Row():
            light = _slider("Light match", "light", 0.05, LIGHT)
            shadow = _slider("Contact shadow", "shadow", 0.05, 0.0)
        enhance_faces = _slider("Face restoration", "enhance_faces", 0.05, 0.0)
        with gr.Row():
            seed = _number("Seed", "random")
            steps = _number("Steps", "automatic")
            guidance_scale = _number("Guidance scale", "automatic")
    return Options(
        negative_prompt,
        seed,
        steps,
        guidance_scale,
        variations,
        light,
        shadow,
        enhance_faces,
        preset,
    )


def _slider(label: str, name: str, step: float, value: float) -> gr.Slider:
    low, high = BOUNDS[name]
    return gr.Slider(low, high, value=value, step=step, label=label, min_width=150)


def _number(label: str, placeholder: str) -> gr.Textbox:
    # Not gr.Number: it turns "nothing chosen" into 0 as soon as it is shown.
    return gr.Textbox(label=label, value="", placeholder=placeholder, max_lines=1, min_width=90)
