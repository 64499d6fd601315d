"""The metrics of person detection in a model card."""

from pathlib import Path

from training.common.cards import Figure, markdown_table, put_figures
from training.common.plots import Table

# What is measured on each set of pictures, in words.
METRICS = {
    "recall": "recall (mask IoU 0.5 or more)",
    "iou": "mean mask IoU of the true positives",
    "false_people": "false positives a picture",
    "map": "mask mAP, IoU 0.5 to 0.95",
    "together": "IoU of the union of all masks",
}


def put_table(folder: Path, table: Table) -> None:
    """Write the scores of :mod:`training.detector.person_scores` into the card in ``folder``."""
    known = [(row, m, v) for row, line in table.items() for m, v in line.items() if v == v]
    rows = [[row, METRICS[metric], f"{value:.3f}"] for row, metric, value in known]
    figures = [Figure("image-segmentation", r, m, v, METRICS[m]) for r, m, v in known]
    put_figures(folder, markdown_table(("held-out pictures", "measured", "value"), rows), figures)
