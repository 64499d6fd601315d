"""Plots of training runs and scores, as PNG."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from training.common.progress import Progress

# Rows by name, each with the same named scores.
Table = Mapping[str, Mapping[str, float]]


def curves(progress: Progress) -> Figure:
    """Training losses by steps and validation losses after each epoch, a panel a loss."""
    curve, history = progress.curve, progress.history
    names = sorted({name for point in curve for name in point} - {"step"})
    figure = Figure(figsize=(3.6 * len(names), 3.2), layout="constrained")
    for panel, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        points = [(p["step"], p[name]) for p in curve if name in p]
        panel.plot(*zip(*points, strict=True), marker=".", label="training")
        ends = [(h["step"], h["validation"][name]) for h in history if name in h["validation"]]
        if ends:
            panel.plot(*zip(*ends, strict=True), marker="o", label="validation, after each epoch")
        panel.set(title=name, xlabel="step")
        panel.legend()
    return figure


def number(value: float) -> str:
    """A score as text; empty for NaN."""
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
