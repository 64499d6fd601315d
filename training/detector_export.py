"""A trained person detector as a folder of the Hub: weights, how to run them, a card."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bgswap.networks import PersonUNet
from bgswap.people.detector import PersonDetector
from bgswap.people.detector_files import CLOSER, second_stage
from bgswap.people.refiner import MaskRefiner
from training.cards import Figure, markdown_table, put_figures, write_card
from training.detector_loop import ARCHITECTURE, STAGES, build_model
from training.detector_scores import (
    THRESHOLDS,
    HeldOut,
    best_threshold,
    choose,
    finder,
    measure,
)
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
        running: ``imgsz`` in pixels, ``threshold`` and ``iou``, and what else config.json holds.
        folder: made if need be.
    """
    config = {"architecture": ARCHITECTURE, "classes": ["person"], **running}
    _write(config, half(network.state_dict()), folder)


def with_second_stage(
    detector: Path, network: PersonUNet, training: Mapping[str, object], folder: Path
) -> None:
    """Write a detector with its second stage, in place of one that it may have had.

    Args:
        detector: folder of the first stage, as :func:`export` wrote it.
        network: the second stage.
        training: how that was trained, for the card.
        folder: made if need be.
    """
    config = json.loads((detector / "config.json").read_text())
    first = load_file(detector / "model.safetensors")
    weights = {name: value for name, value in first.items() if not name.startswith(CLOSER)}
    weights |= {CLOSER + name: value for name, value in half(network.state_dict()).items()}
    config |= {"closer": network.shape, "closer_training": dict(training)}
    _write(config, weights, folder)


def trained_second_stage(folder: Path) -> PersonUNet:
    """The second stage of the detector in a folder, to train it further.

    Raises:
        ValueError: it has none.
    """
    config = json.loads((folder / "config.json").read_text())
    if "closer" not in config:
        raise ValueError(f"the detector in {folder} has no second stage to go on with")
    network = second_stage(config, load_file(folder / "model.safetensors"))
    return network.to(memory_format=torch.channels_last)


def run_with(folder: Path, **running: float) -> None:
    """Change how the detector in ``folder`` is run: ``threshold`` and the like in config.json."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | running, indent=2) + "\n")


def _write(config: Mapping[str, object], weights: Mapping[str, Tensor], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(weights), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def finish(checkpoint: Path, people: Path, scenes: Path, folder: Path) -> None:
    """Choose how to run a checkpoint's network, write the folder and measure it.

    Raises:
        FileNotFoundError: the checkpoint or an archive is missing.
    """
    network, clock = averaged_network(checkpoint)
    held_out = HeldOut(people, scenes)
    chosen = choose(network, held_out)
    training = {
        "minutes": round(clock["seconds"] / 60),
        "steps": clock["steps"],
        "picture sides in pixels": ", ".join(str(side) for _, side, _ in STAGES),
    }
    running = {name: chosen[name] for name in ("imgsz", "threshold", "iou")}
    export(network, {**running, "training": training}, folder)
    describe(folder, held_out)


def finish_second_stage(folder: Path, people: Path, scenes: Path) -> None:
    """Choose the threshold of a detector with two stages, and measure it."""
    held_out = HeldOut(people, scenes)
    find = finder(PersonDetector.load(folder, THRESHOLDS[0]), MaskRefiner.from_folder(REFINER))
    run_with(folder, threshold=best_threshold(find, held_out)[0])
    describe(folder, held_out)


def describe(folder: Path, held_out: HeldOut) -> None:
    """Write the card of the detector in ``folder``, with how it came about and its figures."""
    config = json.loads((folder / "config.json").read_text())
    settings = {f"first stage, {k}": v for k, v in config["training"].items()}
    settings |= {f"second stage, {k}": v for k, v in config.get("closer_training", {}).items()}
    settings |= {f"runs with {name}": config[name] for name in ("imgsz", "threshold", "iou")}
    write_card("person-detector", folder, settings)
    find = finder(PersonDetector.load(folder), MaskRefiner.from_folder(REFINER))
    put_table(folder, measure(find, held_out))


def put_table(folder: Path, table: Table) -> None:
    """Write what :func:`training.detector_scores.measure` found into the card in ``folder``."""
    known = [(row, m, v) for row, line in table.items() for m, v in line.items() if v == v]
    rows = [[row, METRICS[metric], f"{value:.3f}"] for row, metric, value in known]
    figures = [Figure("image-segmentation", r, m, v, METRICS[m]) for r, m, v in known]
    put_figures(folder, markdown_table(("held-out pictures", "measured", "value"), rows), figures)
