"""Plots of training runs and scores, as PNG."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

# Rows by name, each with the same named scores.
Table = Mapping[str, Mapping[str, float]]


def draw_curves(history: list[dict[str, Any]], path: Path) -> None:
    """Losses over the epochs as a PNG, one panel a loss."""
    names = list(history[0]["training"])
    figure = Figure(figsize=(3.6 * len(names), 3.2), layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    epochs = [entry["epoch"] for entry in history]
    for panel, name in zip(panels, names, strict=True):
        for part in ("training", "validation"):
            panel.plot(epochs, [entry[part][name] for entry in history], label=part)
        panel.set(title=name, xlabel="epoch")
    panels[0].legend()
    figure.savefig(path, dpi=110)


def number(value: float) -> str:
    """A score in words; not a number is none."""
    return "" if value != value else f"{value:.4f}"


def draw_bars(table: Table, path: Path) -> None:
    """A PNG with one panel a score and one bar a row."""
    names = list(next(iter(table.values())))
    figure = Figure(figsize=(4 * len(names), 1.2 + 0.35 * len(table)), layout="constrained")
    for panel, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        bars = panel.barh(list(table), [row[name] for row in table.values()])
        panel.bar_label(bars, fmt=number)
        panel.set_title(name.replace("_", " "))
        panel.margins(x=0.18)
        panel.invert_yaxis()
    figure.savefig(path, dpi=110)
