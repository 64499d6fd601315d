"""The layout: every component of the page, from top to bottom."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from bgswap.options import SwapOptions
from bgswap.ui import fragments
from bgswap.ui.background_controls import BackgroundControls, lay_out_background_controls
from bgswap.ui.controls import Options, lay_out_options
from bgswap.ui.cutout_editor import CutoutEditor, lay_out_cutout_editor
from bgswap.ui.examples import example_photos
from bgswap.ui.sample import before_and_after
from bgswap.ui.shared_link import ALT, PREVIEW
from bgswap.ui.sweeper import LONGEST_HOLD
from bgswap.ui.texts import text


@dataclass(frozen=True, eq=False)
class Page:
    """Every component that a handler reads or writes.

    The states last as long as the page is open, a day at most, and an hour more.
    """

    status: gr.HTML
    timer: gr.Timer
    photo: gr.Image
    photo_message: gr.HTML
    cutout_editor: CutoutEditor
    turn: gr.Button
    gallery: gr.Gallery
    fix: gr.Button
    everyone: gr.Button
    no_one: gr.Button
    backdrop: BackgroundControls
    options: Options
    generate: gr.Button
    why: gr.HTML
    stop: gr.Button
    progress: gr.HTML
    placeholder: gr.HTML
    slider: gr.ImageSlider
    several: gr.Column
    candidates: gr.Gallery
    download_picture: gr.DownloadButton
    download_cutout: gr.DownloadButton
    summary: gr.HTML
    folded: gr.Accordion
    details: gr.JSON
    source: gr.State
    session: gr.State
    run: gr.State
    shown: gr.State
    past: gr.State
    remembered: gr.BrowserState
    earlier: gr.Column
    strip: gr.Gallery


def lay_out(table: type[SwapOptions] = SwapOptions) -> Page:
    """Build the page inside the open :class:`gr.Blocks`, with the options of a table."""
    parts: dict[str, Any] = {
        "source": gr.State(None, time_to_live=LONGEST_HOLD),
        "session": gr.State(None, time_to_live=LONGEST_HOLD),
        "run": gr.State(None, time_to_live=LONGEST_HOLD),
        "shown": gr.State(None, time_to_live=LONGEST_HOLD),
        "past": gr.State((), time_to_live=LONGEST_HOLD),
        "remembered": gr.BrowserState(None, storage_key="bgswap-choices"),
        "timer": gr.Timer(1.5),
    }
    with gr.Row(elem_id="top"):
        gr.HTML(fragments.TITLE)
        parts["status"] = gr.HTML(fragments.status(True, "Starting", []), elem_id="status")
    with gr.Row(elem_id="columns", equal_height=False):
        with gr.Column(scale=5, min_width=330, elem_id="left"):
            parts |= _photo_step() | _people_step() | _background_step(table)
        with gr.Column(scale=6, min_width=330, elem_id="right"):
            parts |= _result()
    return Page(**parts)


def _photo_step() -> dict[str, object]:
    with gr.Column(elem_classes="card"):
        with gr.Row(elem_classes="step-row"):
            gr.HTML(fragments.step(1, text("photo_title")))
            message = gr.HTML(fragments.message(text("formats")), elem_id="photo-message")
            turn = gr.Button(text("turn"), size="sm", visible=False, min_width=60, scale=0)
        with gr.Column(elem_classes="room") as viewer:
            photo = gr.Image(
                label=text("photo_title"),
                show_label=False,
                type="filepath",
                image_mode=None,
                format="png",
                sources=["upload", "webcam", "clipboard"],
                height=260,
                buttons=["fullscreen"],
                placeholder=text("drop"),
                alt_text="Your photo; outlines show who stays. Click a person to change it.",
                elem_id="photo",
            )
        editor = lay_out_cutout_editor(viewer)
        _examples(photo)
    return {"photo": photo, "photo_message": message, "turn": turn, "cutout_editor": editor}


def _examples(photo: gr.Image) -> None:
    pictures = [str(picture) for picture in example_photos()]
    if pictures:
        # Served where they lie: a copy in the upload folder would be deleted after an hour.
        gr.set_static_paths(pictures)
        gr.Examples(
            [[picture] for picture in pictures],
            inputs=[photo],
            label=text("examples"),
            elem_id="examples",
            api_visibility="private",
        )


def _people_step() -> dict[str, object]:
    with gr.Column(elem_classes="card"):
        with gr.Row(elem_classes="step-row"):
            gr.HTML(fragments.step(2, text("who_stays")))
            fix = gr.Button(text("fix"), size="sm", interactive=False, min_width=90, scale=0)
            everyone = gr.Button(
                text("everyone"), size="sm", interactive=False, min_width=80, scale=0
            )
            no_one = gr.Button(text("no_one"), size="sm", interactive=False, min_width=80, scale=0)
        gallery = gr.Gallery(
            label=text("people"),
            show_label=False,
            format="png",
            columns=4,
            height=112,
            allow_preview=False,
            fit_columns=False,
            object_fit="contain",
            buttons=[],
            interactive=False,
            elem_id="people",
        )
    return {"gallery": gallery, "fix": fix, "everyone": everyone, "no_one": no_one}


def _background_step(table: type[SwapOptions]) -> dict[str, object]:
    with gr.Column(elem_classes="card"):
        gr.HTML(fragments.step(3, text("background")))
        backdrop = lay_out_background_controls()
        options = lay_out_options(table)
        with gr.Row(elem_id="actions"):
            generate = gr.Button(
                text("generate"), variant="primary", interactive=False, scale=4, elem_id="generate"
            )
            stop = gr.Button(text("stop"), interactive=False, scale=1, min_width=90, elem_id="stop")
        why = gr.HTML(fragments.message(text("no_photo")), elem_id="why")
    return {
        "backdrop": backdrop,
        "options": options,
        "generate": generate,
        "why": why,
        "stop": stop,
    }


def _result() -> dict[str, object]:
    with gr.Column(elem_classes="card", elem_id="result"):
        gr.HTML(f'<h2 class="step">{text("result")}</h2>')
        progress = gr.HTML(fragments.idle(text("begin")))
        placeholder = gr.HTML(fragments.empty_result(PREVIEW if before_and_after() else "", ALT))
        slider = gr.ImageSlider(
            label=text("slider"),
            show_label=False,
            type="filepath",
            format="png",
            max_height=520,
            slider_position=15,
            buttons=["fullscreen"],
            interactive=False,
            visible=False,
            elem_id="slider",
        )
        with gr.Column(visible=False, elem_id="several") as several:
            gr.HTML(fragments.message(text("other_scenes")))
            candidates = gr.Gallery(
                label=text("other_scenes"),
                show_label=False,
                format="png",
                columns=4,
                height=154,
                allow_preview=False,
                fit_columns=False,
                object_fit="cover",
                buttons=[],
                interactive=False,
                elem_id="candidates",
            )
        with gr.Row(elem_id="downloads"):
            picture = gr.DownloadButton(
                f"{text('download_picture')} (PNG)", interactive=False, min_width=140
            )
            cutout = gr.DownloadButton(
                f"{text('download_cutout')} (PNG)", interactive=False, min_width=140
            )
        with gr.Column(visible=False, elem_id="earlier") as earlier:
            gr.HTML(fragments.message(text("last_pictures")))
            strip = gr.Gallery(
                label=text("last_pictures"),
                show_label=False,
                format="png",
                columns=6,
                height=84,
                allow_preview=False,
                fit_columns=False,
                object_fit="cover",
                buttons=[],
                interactive=False,
                elem_id="history",
            )
        summary = gr.HTML("", elem_id="summary")
        with gr.Accordion(text("details"), open=False, visible=False) as folded:
            details = gr.JSON(show_label=False, label="Details", elem_id="details")
    return {
        "progress": progress,
        "placeholder": placeholder,
        "slider": slider,
        "several": several,
        "candidates": candidates,
        "earlier": earlier,
        "strip": strip,
        "download_picture": picture,
        "download_cutout": cutout,
        "summary": summary,
        "folded": folded,
        "details": details,
    }
