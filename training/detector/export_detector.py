"""A detector's weights in small files during training, and their export for the program.

    python -m training detector export --chunks runs/detector --out runs/detector/hub

The chunks are what :mod:`training.detector.train` writes every minute.
"""

import argparse
import json
import logging
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from bgswap.detection.checkpoints import SECOND
from training.common.loop import command_parser, run_command

# Maximum size of one file of the weights, in bytes.
LARGEST_CHUNK = 15 * 2**20
RUNNING = {"imgsz": 512, "threshold": 0.15, "iou": 0.6}
log = logging.getLogger(__name__)


def build_model(architecture: str) -> nn.Module:
    """A YOLOv8-seg model of ultralytics with one class and random weights.

    Args:
        architecture: such as ``yolov8s-seg``.
    """
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import SegmentationModel

    model = SegmentationModel(f"{architecture}.yaml", nc=1, verbose=False)
    model.args = get_cfg()
    model.names = {0: "person"}
    return model.to(memory_format=torch.channels_last)


def half(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict in half precision without the counters that only training needs."""
    return {
        name: value.detach().half().contiguous().cpu()
        for name, value in weights.items()
        if not name.endswith("num_batches_tracked")
    }


def save_chunks(weights: Mapping[str, Tensor], about: Mapping[str, str], folder: Path) -> None:
    """Write weights in half precision as ``detector-1.safetensors`` and so on.

    Args:
        weights: a state dict.
        about: metadata of the files.
        folder: created if needed; each file is replaced atomically.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chunks: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in half(weights).items():
        if size + value.nbytes > LARGEST_CHUNK:
            chunks.append({})
            size = 0
        chunks[-1][name] = value
        size += value.nbytes
    for number, chunk in enumerate(chunks, 1):
        part = folder / f"detector-{number}.part"
        save_file(chunk, part, metadata={"format": "pt", **about})
        part.replace(folder / f"detector-{number}.safetensors")


def load_chunks(folder: Path) -> dict[str, Tensor]:
    """The weights that :func:`save_chunks` wrote, or those in an exported detector's folder.

    Raises:
        FileNotFoundError: there are no weights.
    """
    files = sorted(folder.glob("detector-*.safetensors")) or [folder / "model.safetensors"]
    weights: dict[str, Tensor] = {}
    for file in files:
        weights |= load_file(file)
    return {name: value for name, value in weights.items() if not name.startswith(SECOND)}


def fill(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Load all weights of a model except its counters of batches.

    Raises:
        ValueError: weights are missing or unknown.
    """
    try:
        left = model.load_state_dict(dict(weights), strict=False)
    except RuntimeError as error:
        raise ValueError("the weights do not fit the architecture") from error
    lost = [name for name in left.missing_keys if not name.endswith("num_batches_tracked")]
    if lost or left.unexpected_keys:
        raise ValueError("the weights do not fit the architecture")


def mixed(
    weights: Mapping[str, Tensor], others: Mapping[str, Tensor], share: float
) -> dict[str, Tensor]:
    """The weighted mean of two runs' weights, of which one began with the other's.

    Such a mean is often as accurate as the better run and more robust than both (Wortsman et al.,
    "Model soups", ICML 2022).

    Args:
        weights, others: state dicts of one architecture.
        share: of ``others``, from 0 to 1.
    """
    return half({n: torch.lerp(w.float(), others[n].float(), share) for n, w in weights.items()})


def export(
    chunks: Path,
    folder: Path,
    architecture: str,
    second: Path | None = None,
    mix: tuple[Path, float] | None = None,
    **running: float,
) -> None:
    """Join chunks into config.json and model.safetensors, as the program reads them.

    Args:
        chunks: folder of the chunks.
        folder: created if needed.
        architecture: of the network, such as ``yolov8s-seg``.
        second: folder of a detector whose second stage is added.
        mix: folder of another run's weights, and their share in the mean that is exported.
        running: ``imgsz`` in pixels, ``threshold`` and ``iou`` where they differ from RUNNING.
    """
    weights = load_chunks(chunks)
    if mix:
        weights = mixed(weights, load_chunks(mix[0]), mix[1])
    fill(build_model(architecture), weights)
    config = {"architecture": architecture, "classes": ["person"], "mirror": True}
    config |= RUNNING | running
    log_file = chunks / "detector.json"
    if log_file.exists():
        config["training"] = json.loads(log_file.read_text())
    if second:
        config["second_stage"] = json.loads((second / "config.json").read_text())["second_stage"]
        judge = load_file(second / "model.safetensors").items()
        weights |= {name: value for name, value in judge if name.startswith(SECOND)}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("detector export", __doc__)
    add = parser.add_argument
    add("--chunks", type=Path, required=True, help="folder with detector-1.safetensors and so on")
    add("--out", type=Path, required=True, help="folder for config.json and model.safetensors")
    add("--architecture", default="yolov8s-seg", help="of the network")
    add("--second-stage", type=Path, help="folder of a detector whose second stage to add")
    add("--mix", type=Path, help="folder of another run's weights, to export a mean")
    add("--mix-share", type=float, default=0.5, help="share of those weights")
    for name, value in RUNNING.items():
        add(f"--{name}", type=type(value), default=value, help=f"{name} to run it with")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser().parse_args(arguments)
    running = {name: getattr(options, name) for name in RUNNING}
    second = options.second_stage
    mix = (options.mix, options.mix_share) if options.mix else None

    def work() -> None:
        export(options.chunks, options.out, options.architecture, second, mix, **running)

    return run_command(work)


if __name__ == "__main__":
    raise SystemExit(main())
