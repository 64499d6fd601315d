"""The two kinds of files that hold a person detector: ultralytics' own, and a folder of the Hub."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgswap.errors import ModelUnavailable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bgswap.networks import PersonUNet

# How official weights are run: ultralytics' own defaults, with a lower threshold where the matting
# network judges each candidate as well.
OFFICIAL = {"imgsz": 640, "threshold": 0.25, "iou": 0.7}
# How the second stage's weights begin in a model file that holds both.
SECOND = "second_stage."


def read_official(path: Path) -> tuple["nn.Module", dict[str, Any], None]:
    """The network of an official ``.pt`` file, how to run it, and no second stage.

    Raises:
        ModelUnavailable: it is not for people.
    """
    from ultralytics import YOLO

    network = YOLO(path, task="segment").model
    if network.names.get(0) != "person":
        raise ModelUnavailable(f"{path.name} does not call its first class person")
    return network, OFFICIAL, None


def read_own(folder: Path) -> tuple["nn.Module", dict[str, Any], "PersonUNet | None"]:
    """The network of a folder in the Hub's layout, how to run it, and its second stage if any.

    Raises:
        ModelUnavailable: what lies there does not fit a YOLOv8-seg model.
    """
    from safetensors.torch import load_file
    from ultralytics.nn.tasks import SegmentationModel

    try:
        config = json.loads((folder / "config.json").read_text())
        network = SegmentationModel(f"{config['architecture']}.yaml", nc=1, verbose=False)
        weights = load_file(folder / "model.safetensors")
        _fill(network, {k: v for k, v in weights.items() if not k.startswith(SECOND)})
        second = second_stage(config, weights) if "second_stage" in config else None
        running = {key: config[key] for key in OFFICIAL} | {"mirror": config.get("mirror", False)}
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelUnavailable(f"no person detector in {folder.name}: {error}") from error
    network.names = {0: "person"}
    return network.eval(), running, second


def second_stage(config: dict[str, Any], weights: dict[str, "Tensor"]) -> "PersonUNet":
    """The network of a detector's second stage.

    Args:
        config: what config.json holds.
        weights: of the detector; those of the first stage are left alone.

    Raises:
        KeyError: it has no second stage.
        ValueError: the weights do not fit.
    """
    from bgswap.networks import PersonUNet

    network = PersonUNet(**config["second_stage"])
    own = {k.removeprefix(SECOND): v for k, v in weights.items() if k.startswith(SECOND)}
    _fill(network, own)
    return network


def _fill(network: "nn.Module", weights: dict[str, "Tensor"]) -> None:
    """Load all weights but the counters that only training needs.

    Raises:
        ValueError: some are missing, or not of this network.
    """
    left = network.load_state_dict(weights, strict=False)
    lost = [k for k in left.missing_keys if not k.endswith("num_batches_tracked")]
    if lost or left.unexpected_keys:
        raise ValueError("the weights do not fit the architecture that config.json names")
