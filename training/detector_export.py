"""A trained person detector as a folder of the Hub: weights, how to run them, a card."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bgswap.people.detector import PersonDetector
from bgswap.people.refiner import MaskRefiner
from training.cards import Figure, markdown_table, put_figures, write_card
from training.detector_loop import ARCHITECTURE, STAGES, build_model
from training.detector_scores import HeldOut, choose, finder, measure
from training.plots import Table

# Figures are of refined masks, as the program gives them.
REFINER = Path("bgswap/starter/mask-autoencoder")

# What is measured on each set of pictures, in words.
METRICS = {
    "recall": "found (mask IoU 0.5 or more)",
    "iou": "mask IoU of those found",
    "false_people": "false people a picture",
    "together": "IoU of everyone's mask together",
}


def averaged_network(checkpoint: Path) -> tuple[nn.Module, dict[str, float]]:
    """The moving average in a checkpoint of :mod:`training.detector_loop`, and its clock.

    Raises:
        FileNotFoundError: there is no such file.
    """
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    network = build_model()
    network.load_state_dict(state["ema"])
    return network.eval(), state["run"]


def half(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in half precision without the counters that only training needs."""
    return {
        name: value.half().contiguous()
        for name, value in weights.items()
        if not name.endswith("num_batches_tracked")
    }


def export(network: nn.Module, running: Mapping[str, float], folder: Path) -> None:
    """Write config.json and model.safetensors, as ``PersonDetector.load`` reads them.

    Args:
        network: YOLOv8n-seg with one class, not fused.
        running: ``imgsz`` in pixels, ``threshold`` and ``iou``.
        folder: made if need be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_file(half(network.state_dict()), folder / "model.safetensors", metadata={"format": "pt"})
    config = {"architecture": ARCHITECTURE, "classes": ["person"], **running}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def finish(checkpoint: Path, people: Path, scenes: Path, folder: Path) -> None:
    """Choose how to run a checkpoint's network, write the folder and measure it.

    Raises:
        FileNotFoundError: the checkpoint or an archive is missing.
    """
    network, clock = averaged_network(checkpoint)
    held_out = HeldOut(people, scenes)
    chosen = choose(network, held_out)
    running = {name: chosen[name] for name in ("imgsz", "threshold", "iou")}
    export(network, running, folder)
    settings = {
        "minutes": round(clock["seconds"] / 60),
        "steps": clock["steps"],
        "picture_sides_in_pixels": ", ".join(str(side) for _, side, _ in STAGES),
        **{f"runs_with_{name}": value for name, value in running.items()},
    }
    write_card("person-detector", folder, settings)
    find = finder(PersonDetector.load(folder), MaskRefiner.from_folder(REFINER))
    put_table(folder, measure(find, held_out))


def put_table(folder: Path, table: Table) -> None:
    """Write what :func:`training.detector_scores.measure` found into the card in ``folder``."""
    known = [(row, m, v) for row, line in table.items() for m, v in line.items() if v == v]
    rows = [[row, METRICS[metric], f"{value:.3f}"] for row, metric, value in known]
    figures = [Figure("image-segmentation", r, m, v, METRICS[m]) for r, m, v in known]
    put_figures(folder, markdown_table(("held-out pictures", "measured", "value"), rows), figures)
