"""The desk on which a cut-out is corrected: an image editor in the photo's place."""

from dataclasses import dataclass

import gradio as gr

from bgswap.ui import fragments

KEEP, REMOVE = "#12a150", "#e0301e"
HINT = "Paint over what belongs to them (green) or does not (red). Paint on nobody adds somebody."


@dataclass(frozen=True, eq=False)
class Desk:
    """Its components.

    Attributes:
        viewer: holds the photo; one of the two shows.
        room: holds the editor and its buttons.
        editor: with a brush that keeps and one that removes.
        apply: takes over what is painted.
        undo: forgets all that was ever painted.
        close: shows the photo again.
    """

    viewer: gr.Column
    room: gr.Column
    editor: gr.ImageEditor
    apply: gr.Button
    undo: gr.Button
    close: gr.Button


def lay_out_desk(viewer: gr.Column) -> Desk:
    """Build the desk where the page stands; it is hidden at first."""
    with gr.Column(visible=False, elem_id="desk") as room:
        gr.HTML(fragments.message(HINT))
        editor = gr.ImageEditor(
            label="Paint to correct the cut-out",
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
        with gr.Row(elem_id="desk-actions"):
            apply = gr.Button("Apply", variant="primary", size="sm", min_width=80)
            undo = gr.Button("Undo the corrections", size="sm", interactive=False, min_width=150)
            close = gr.Button("Done", size="sm", min_width=80)
    return Desk(viewer, room, editor, apply, undo, close)
