"""Weights that must not serve: what people, networks and attackers leave in a model's place."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from bgswap.detection.yolo import restored_threads
from bgswap.faces.center_face_file import center_face, read_layers
from bgswap.models import STARTER
from bgswap.models.roles import CENTER_FACE
from bgswap.networks import MaskAutoencoder

with restored_threads():
    from ultralytics import YOLO

Harm = Callable[[Path], object]
NAN, INF = float("nan"), float("inf")


def official_checkpoint(names: dict[int, str] | None = None, kind: str = "-seg") -> dict[str, Any]:
    """What an official file holds: an untrained network of 80 classes, the first one person."""
    model = YOLO(f"yolov8n{kind}.yaml").model
    model.names = names or {0: "person"} | {i: f"thing {i}" for i in range(1, 80)}
    return {"model": model.half(), "train_args": {}, "date": "", "version": "8"}


class RunsCommand:
    """Unpickled without restriction it creates a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch '{self.trace}'",)


def tampered(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    """Rewrite a folder's weights."""
    path = next(folder.glob("*.safetensors"))
    weights = load_file(path)
    change(weights)
    save_file(weights, path)


def filled(value: float, where: str = "weight") -> Harm:
    """One number of the first tensor of that name is replaced."""

    def harm(folder: Path) -> None:
        def change(weights: dict[str, torch.Tensor]) -> None:
            name = next(name for name in sorted(weights) if name.endswith(where))
            weights[name].view(-1)[0] = value

        tampered(folder, change)

    return harm


def set_to_zero(folder: Path) -> None:
    tampered(folder, lambda weights: [tensor.zero_() for tensor in weights.values()])


def saturated(folder: Path) -> None:
    """Each number is allowed; whatever it is shown, the network answers 0."""
    tampered(folder, lambda weights: [tensor.fill_(-1e5) for tensor in weights.values()])


def widened(folder: Path) -> None:
    """A network for pictures with more channels: it loads, and does not run."""
    name = "conv_in.weight"
    tampered(folder, lambda w: w.update({name: torch.cat([w[name], w[name][:, :2]], 1)}))
    configured(in_channels=11)(folder)


def without_one(folder: Path) -> None:
    tampered(folder, lambda weights: weights.pop(next(iter(weights))))


def with_one_more(folder: Path) -> None:
    tampered(folder, lambda weights: weights.update(extra=torch.ones(3)))


def reshaped(folder: Path) -> None:
    tampered(folder, lambda w: w.update({k: v.flatten() for k, v in w.items()}))


def of_another_network(folder: Path) -> None:
    save_file(nn.Linear(3, 3).state_dict(), next(folder.glob("*.safetensors")))


def configured(**values: object) -> Harm:
    """Some entries of config.json are replaced; None removes one."""

    def harm(folder: Path) -> None:
        path = folder / "config.json"
        config = {**json.loads(path.read_text()), **values}
        path.write_text(json.dumps({k: v for k, v in config.items() if v is not None}))

    return harm


def calibrated(text: str) -> Harm:
    """calibration.json has other content."""
    return lambda folder: (folder / "calibration.json").write_text(text)


def saved_as(make: Callable[[], object]) -> Harm:
    """The file is written again by torch."""
    return lambda path: torch.save(make(), path)


def spoilt(value: float) -> Harm:
    """An official file of which one weight is replaced."""

    def harm(path: Path) -> None:
        checkpoint = official_checkpoint()
        next(checkpoint["model"].parameters()).data.view(-1)[0] = value
        torch.save(checkpoint, path)

    return harm


OFFICIAL: dict[str, Harm] = {
    "text": lambda path: path.write_text("404: Not Found"),
    "empty": lambda path: path.write_bytes(b""),
    "state dict": saved_as(lambda: official_checkpoint()["model"].state_dict()),
    "bare tensor": saved_as(lambda: torch.ones(3)),
    "list": saved_as(lambda: [1, 2, 3]),
    "linear layer": saved_as(lambda: {"model": nn.Linear(3, 3)}),
    "no model": saved_as(lambda: {"model": None}),
    "boxes only": saved_as(lambda: official_checkpoint(kind="")),
    "poses": saved_as(lambda: official_checkpoint(kind="-pose")),
    "other classes": saved_as(lambda: official_checkpoint({0: "cat", 1: "dog"})),
    "nan": spoilt(NAN),
    "infinite": spoilt(INF),
}
DETECTOR: dict[str, Harm] = {
    "nan": filled(NAN),
    "infinite": filled(INF),
    "huge": filled(1e30),
    "zero": set_to_zero,
    "another network": of_another_network,
    "imgsz -1": configured(imgsz=-1),
    "imgsz 1e8": configured(imgsz=100_000_000),
    "imgsz text": configured(imgsz="large"),
    "threshold nan": configured(threshold=NAN),
    "threshold 2": configured(threshold=2),
    "iou -1": configured(iou=-1),
    "mirror text": configured(mirror="no"),
    "second stage text": configured(second_stage="large"),
    "second stage of another shape": configured(second_stage={"widths": [8] * 5}),
    "no threshold": configured(threshold=None),
    "address as architecture": configured(architecture="http://127.0.0.1:9/yolov8n-seg"),
}
SQUARE_MODELS: dict[str, Harm] = {
    "nan": filled(NAN),
    "infinite": filled(-INF, "bias"),
    "huge": filled(1e30),
    "zero": set_to_zero,
    "a tensor missing": without_one,
    "a tensor more": with_one_more,
    "reshaped": reshaped,
    "another network": of_another_network,
}
MASKS = SQUARE_MODELS | {
    "saturated": saturated,
    "side -1": configured(side=-1),
    "side 0": configured(side=0),
    "side 63": configured(side=63),
    "side 1e8": configured(side=100_000_000),
    "side text": configured(side="64"),
}
MATTING: dict[str, Harm] = {
    "nan": filled(NAN),
    "infinite": filled(INF, "bias"),
    "huge": filled(1e30),
    "zero": set_to_zero,
    "a tensor missing": without_one,
    "another network": of_another_network,
    "threshold 2": calibrated('{"threshold": 2}'),
    "threshold nan": calibrated('{"threshold": NaN}'),
    "calibration text": calibrated("404: Not Found"),
}
FACES = SQUARE_MODELS | {
    "latent -1": configured(latent=-1),
    "latent 1e8": configured(latent=100_000_000),
    "latent text": configured(latent="512"),
}
FACE_FINDER = SQUARE_MODELS | {
    "pyramid 0": configured(pyramid=0),
    "pyramid text": configured(pyramid="24"),
}


def detector_folder(folder: Path) -> Path:
    return copytree(STARTER / "person-detector", folder)


def mask_folder(folder: Path) -> Path:
    MaskAutoencoder(side=64).save_pretrained(folder)
    return folder


def matting_folder(folder: Path) -> Path:
    return copytree(STARTER / "matting", folder)


def face_finder_folder(folder: Path) -> Path:
    center_face(read_layers(CENTER_FACE.path)).save_pretrained(folder)
    return folder


def face_folder(folder: Path) -> Path:
    return copytree(STARTER / "face-vae", folder)
