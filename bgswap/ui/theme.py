"""Colors, type and shapes of the page; what a theme cannot say stands in style.css."""

import gradio as gr

BLUE = gr.themes.Color(
    name="bgswap_blue",
    c50="#eef6fc",
    c100="#d8eaf8",
    c200="#b3d5f0",
    c300="#7db8e3",
    c400="#3f97d3",
    c500="#0b7ac0",
    c600="#0069ad",
    c700="#00558d",
    c800="#034471",
    c900="#08395c",
    c950="#06243c",
)
# Names of the system's own fonts: nothing is fetched from elsewhere.
FONT = ("Inter", "ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """The theme of the page, light and dark."""
    base = gr.themes.Base(
        primary_hue=BLUE,
        secondary_hue=BLUE,
        neutral_hue=gr.themes.colors.slate,
        radius_size=gr.themes.sizes.radius_lg,
        font=FONT,
        font_mono=MONO,
    )
    return base.set(
        body_background_fill="#f4f6f8",
        body_background_fill_dark="#0e1217",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#161b22",
        background_fill_secondary="#f7f9fb",
        background_fill_secondary_dark="#1b222b",
        block_background_fill="#ffffff",
        block_background_fill_dark="#161b22",
        block_border_width="0px",
        block_border_width_dark="0px",
        block_shadow="none",
        block_padding="0px",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_title_text_weight="500",
        block_title_text_size="*text_sm",
        border_color_primary="#dde3ea",
        border_color_primary_dark="#2a333f",
        body_text_color_subdued="#5b6672",
        body_text_color_subdued_dark="#9aa6b2",
        input_background_fill="#f7f9fb",
        input_background_fill_dark="#10151b",
        input_border_color="#ccd5de",
        input_border_color_dark="#35404d",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_400",
        input_border_width="1px",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_dark="*primary_500",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_hover_dark="*primary_600",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#1f2731",
        button_secondary_background_fill_hover="#eef2f6",
        button_secondary_background_fill_hover_dark="#2a3440",
        button_secondary_border_color="#ccd5de",
        button_secondary_border_color_dark="#35404d",
        button_border_width="1px",
        button_large_text_weight="600",
        slider_color="*primary_600",
        slider_color_dark="*primary_400",
    )
