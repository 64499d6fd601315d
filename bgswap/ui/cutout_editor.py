"""The editor in which a cut-out is corrected; it takes the place of the photo."""

from dataclasses import dataclass

import gradio as gr

from bgswap.ui import fragments
from bgswap.ui.texts import text

KEEP, REMOVE = "#12a150", "#e0301e"


@dataclass(frozen=True, eq=False)
class CutoutEditor:
    """Its components.

    Attributes:
        viewer: holds the photo; one of the two shows.
        room: holds the editor and its buttons.
        editor: with a brush that keeps and one that removes.
        keep: takes the brush that keeps.
        remove: takes the brush that removes.
        apply: takes over what is painted.
        split: the photo shows, to click on two people under one outline.
        undo: forgets all that was ever painted.
        close: shows the photo again.
    """

    viewer: gr.Column
    room: gr.Column
    editor: gr.ImageEditor
    keep: gr.Button
    remove: gr.Button
    apply: gr.Button
    split: gr.Button
    undo: gr.Button
    close: gr.Button


def lay_out_cutout_editor(viewer: gr.Column) -> CutoutEditor:
    """Add the editor to the page, hidden at first."""
    with gr.Column(visible=False, elem_id="cutout-editor") as room:
        gr.HTML(fragments.message(text("hint_paint")))
        with gr.Row(elem_id="brushes"):
            keep = gr.Button(text("keep"), size="sm", min_width=80, elem_id="brush-keep")
            remove = gr.Button(text("remove"), size="sm", min_width=80, elem_id="brush-remove")
        editor = gr.ImageEditor(
            label=text("paint"),
            show_label=False,
            type="numpy",
            image_mode="RGBA",
            format="png",
            sources=(),
            transforms=(),
            layers=False,
            brush=gr.Brush(
                default_size="auto",
                colors=[KEEP, REMOVE],
                default_color=KEEP,
                color_mode="fixed",
            ),
            eraser=gr.Eraser(default_size="auto"),
            height=430,
            buttons=[],
            elem_id="editor",
        )
        with gr.Row(elem_id="cutout-editor-actions"):
            apply = gr.Button(text("apply"), variant="primary", size="sm", min_width=80)
            split = gr.Button(text("split"), size="sm", min_width=120)
            undo = gr.Button(text("undo"), size="sm", interactive=False, min_width=150)
            close = gr.Button(text("done"), size="sm", min_width=80)
    return CutoutEditor(viewer, room, editor, keep, remove, apply, split, undo, close)
