"""The two kinds of files that hold a person detector: ultralytics' own, and a folder of the Hub."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgswap.errors import ModelUnavailable
from bgswap.models.weight_values import check_tensors

if TYPE_CHECKING:
    from torch import Tensor, nn

    from bgswap.networks import PersonUNet

# How official weights are run: ultralytics' own defaults, with a lower threshold where the matting
# network judges each candidate as well.
OFFICIAL = {"imgsz": 640, "threshold": 0.25, "iou": 0.7}
# What a configuration may ask for. Any other architecture would be looked for on disk and on the
# network, and read as a description that can run code.
ARCHITECTURES = re.compile(r"yolov8[nsmlx]-seg")
BOUNDS = {"imgsz": (32, 2048), "threshold": (0, 1), "iou": (0, 1)}
# How the second stage's weights begin in a model file that holds both.
SECOND = "second_stage."


def read_official(path: Path) -> tuple["nn.Module", dict[str, Any], None]:
    """The network of an official ``.pt`` file, how to run it, and no second stage.

    The file is a pickle: it is loaded in ultralytics' restricted way, which rebuilds known classes
    and runs nothing.

    Raises:
        ModelUnavailable: it is not for people, or ultralytics would load it without restriction.
        Broken: its weights are not finite.
        TypeError, RuntimeError, ...: it is no checkpoint of ultralytics.
    """
    from ultralytics import YOLO
    from ultralytics.nn.tasks import SegmentationModel
    from ultralytics.utils import SAFE_LOAD

    if not SAFE_LOAD:
        raise ModelUnavailable(
            "ultralytics was imported before bgswap: set ULTRALYTICS_SAFE_LOAD=1 to load its files"
        )
    network = YOLO(path.absolute(), task="segment").model
    if not isinstance(network, SegmentationModel) or network.names.get(0) != "person":
        raise ModelUnavailable(f"{path.name} is no segmentation model whose first class is person")
    check_tensors(network.state_dict().items(), path.name)
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
        running = _running(config)
        network = SegmentationModel(f"{config['architecture']}.yaml", nc=1, verbose=False)
        weights = load_file(folder / "model.safetensors")
        _fill(network, {k: v for k, v in weights.items() if not k.startswith(SECOND)})
        second = second_stage(config, weights) if "second_stage" in config else None
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


def _running(config: dict[str, Any]) -> dict[str, Any]:
    """How a configuration wants its network to be run.

    Raises:
        KeyError: an entry is missing.
        ValueError: an entry is out of bounds.
    """
    if not ARCHITECTURES.fullmatch(str(config["architecture"])):
        raise ValueError(f"{config['architecture']} is no YOLOv8-seg architecture")
    for name, (low, high) in BOUNDS.items():
        number = type(config[name]) is int or (name != "imgsz" and type(config[name]) is float)
        if not number or not low <= config[name] <= high:
            raise ValueError(f"{name} must be a number from {low} to {high}")
    mirror = config.get("mirror", False)
    if type(mirror) is not bool:
        raise ValueError("mirror must be true or false")
    return {name: config[name] for name in BOUNDS} | {"mirror": mirror}


def _fill(network: "nn.Module", weights: dict[str, "Tensor"]) -> None:
    """Load all weights but the counters that only training needs.

    Raises:
        ValueError: some are missing, or not of this network.
    """
    left = network.load_state_dict(weights, strict=False)
    lost = [k for k in left.missing_keys if not k.endswith("num_batches_tracked")]
    if lost or left.unexpected_keys:
        raise ValueError("the weights do not fit the architecture that config.json names")
