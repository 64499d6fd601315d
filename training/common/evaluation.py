"""Output of metrics: terminal, JSON, plots, picture sheets and model cards."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from training.common.cards import Figure, markdown_table, put_figures
from training.common.fid import Fid
from training.common.plots import Table, draw_bars, number


def load_network(kind: type, folder: Path) -> Any:
    """One of the project's networks with the weights of a Hub folder, in eval mode.

    Raises:
        FileNotFoundError: there are no weights.
        ValueError: they do not fit the network.
    """
    if not (folder / "model.safetensors").is_file():
        raise FileNotFoundError(f"no weights at {folder / 'model.safetensors'}")
    try:
        return kind.from_pretrained(str(folder), strict=True).eval()
    except RuntimeError as error:
        raise ValueError(f"the weights in {folder} do not fit: {error}") from error


def report(
    args: argparse.Namespace,
    name: str,
    table: Table,
    sheets: Mapping[str, np.ndarray],
    extra: Mapping[str, Any],
) -> None:
    """Print the table; write JSON, plot and sheets to the folder ``args.out``."""
    out = args.out or Path("runs") / f"evaluate-{name}"
    out.mkdir(parents=True, exist_ok=True)
    print(as_table(table))
    for part, fid in extra.get("fid", {}).items():
        print(fid_in_words(part, Fid(**fid)))
    scores = {"scores": table, **extra}
    (out / "scores.json").write_text(json.dumps(scores, indent=2) + "\n")
    draw_bars(table, out / "scores.png")
    for sheet, picture in sheets.items():
        cv2.imwrite(str(out / f"{sheet}.png"), picture[..., ::-1])
    print(f"scores.json, scores.png and {len(sheets)} sheets are in {out}")


def as_table(table: Table) -> str:
    """Scores as a markdown table, one row a method."""
    names = list(next(iter(table.values())))
    rows = [[key, *(number(row[name]) for name in names)] for key, row in table.items()]
    return markdown_table(["", *(name.replace("_", " ") for name in names)], rows)


def fid_in_words(part: str, fid: Fid) -> str:
    """One line about a distance, or about why there is none."""
    about = f"({fid.features}, {fid.made} pictures beside {fid.real} real ones)"
    note = f" {fid.note}" if fid.note else ""
    if fid.value is None:
        return f"FID of {part}: {about}{note}"
    return f"FID and KID of {part}: {fid.value:.4g} and {fid.kid:.3g} {about}{note}"


def write_figures(
    folder: Path,
    task: str,
    dataset: str,
    table: Table,
    values: Sequence[tuple[str, float, str]],
    notes: Sequence[str] = (),
) -> None:
    """Write the scores into the model card beside the weights.

    Args:
        folder: with the card.
        task: as the Hub names it.
        dataset: description of the evaluation data.
        table: all scores.
        values: for the card's metadata: metric as the Hub names it, value, and description.
        notes: lines under the table.
    """
    text = "\n".join([f"Measured on {dataset}.", "", as_table(table), "", *notes])
    figures = [Figure(task, dataset, metric, value, name) for metric, value, name in values]
    put_figures(folder, text, figures)
