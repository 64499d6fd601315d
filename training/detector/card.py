"""The figures of finding people, in a model card."""

from pathlib import Path

from training.common.cards import Figure, markdown_table, put_figures
from training.common.plots import Table

# What is measured on each set of pictures, in words.
METRICS = {
    "recall": "found (mask IoU 0.5 or more)",
    "iou": "mask IoU of those found",
    "false_people": "false people a picture",
    "together": "IoU of everyone's mask together",
}


def put_table(folder: Path, table: Table) -> None:
    """Write what :mod:`training.detector.person_scores` measured into the card in ``folder``."""
    known = [(row, m, v) for row, line in table.items() for m, v in line.items() if v == v]
    rows = [[row, METRICS[metric], f"{value:.3f}"] for row, metric, value in known]
    figures = [Figure("image-segmentation", r, m, v, METRICS[m]) for r, m, v in known]
    put_figures(folder, markdown_table(("held-out pictures", "measured", "value"), rows), figures)
