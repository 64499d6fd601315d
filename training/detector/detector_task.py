"""What the training loop needs to know about the person detector."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.common.compiled import Compiled
from training.common.progress import Progress
from training.detector.export_detector import build_model, fill, load_chunks, save_chunks
from training.detector.loss import DetectorLoss
from training.detector.targets import Targets

NAMES = ("box", "class", "distribution", "mask")


@dataclass(frozen=True)
class DetectorConfig:
    """How the detector is trained.

    Attributes:
        architecture: such as ``yolov8s-seg``.
        stages: from this share of the time on, sides in pixels to draw from and pictures a batch;
            small pictures first teach most in a given time.
        start: folder of weights to begin with, or None for random ones.
        learning_rate: of AdamW after the warm-up.
        weight_decay: of weights of two dimensions and more.
    """

    architecture: str = "yolov8s-seg"
    stages: tuple[tuple[float, tuple[int, ...], int], ...] = (
        (0.0, (320,), 96),
        (0.4, (384, 448), 80),
        (0.75, (512, 576), 64),
    )
    start: Path | None = None
    learning_rate: float = 2e-3
    weight_decay: float = 0.02


class DetectorTask:
    """YOLOv8-seg with one class, on batches that are drawn on the device.

    Args:
        config: how it is trained.
        draw: gives a batch of so many pictures of that side, a function of the seed that comes
            third.
        device: where all happens.
        out: folder for the averaged weights.

    Raises:
        FileNotFoundError: there are no weights to begin with.
        ValueError: they do not fit.
    """

    compiled: Sequence[Compiled] = ()
    average: nn.Module

    def __init__(
        self,
        config: DetectorConfig,
        draw: Callable[[int, int, int], Targets],
        device: torch.device,
        out: Path,
    ) -> None:
        self.options, self.draw, self.out = config, draw, out
        self.step = self.pictures = 0
        self.network = build_model(config.architecture).to(device).train()
        if config.start:
            fill(self.network, {k: v.float() for k, v in load_chunks(config.start).items()})
        self.loss = DetectorLoss(self.network)
        self.config = {
            "architecture": config.architecture,
            "learning_rate": config.learning_rate,
            "weight_decay": config.weight_decay,
            "stages": [[share, [*sides], batch] for share, sides, batch in config.stages],
        }

    @property
    def others(self) -> Sequence[Any]:
        """The task itself, which counts pictures."""
        return [self]

    def state_dict(self) -> dict[str, int]:
        """What a checkpoint keeps beside the weights."""
        return {"pictures": self.pictures}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Take up what :meth:`state_dict` gave."""
        self.pictures = state["pictures"]

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """AdamW, with weight decay for weights of two dimensions and more."""
        rate, decay = self.options.learning_rate, self.options.weight_decay
        weights = [p for p in self.network.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in weights if p.ndim > 1], "weight_decay": decay},
            {"params": [p for p in weights if p.ndim <= 1], "weight_decay": 0.0},
        ]
        fused = weights[0].device.type == "cuda"
        return [torch.optim.AdamW(groups, rate, (0.9, 0.99), fused=fused)]

    def size(self, share: float) -> tuple[int, int]:
        """Picture side and batch of the next step, when so much of the run is over."""
        _, sides, batch = [stage for stage in self.options.stages if share >= stage[0]][-1]
        return sides[self.step % len(sides)], batch

    def batch(self, seed: int, share: float) -> Targets:
        """The next step's pictures and targets."""
        side, batch = self.size(share)
        return self.draw(batch, side, seed)

    def losses(self, network: nn.Module, batch: Targets) -> dict[str, Tensor]:
        """The four losses a picture, and their sum."""
        image = batch.image.contiguous(memory_format=torch.channels_last)
        kind = image.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
            outputs = network(image)
        self.pictures += len(image)
        total, parts = self.loss.forward_targets(outputs, batch)
        return {"total": total / len(image), **dict(zip(NAMES, parts, strict=True))}

    def validate(self) -> dict[str, float]:
        """Nothing: how well people are found is measured by ``training detector evaluate``."""
        return {}

    def keep(self, progress: Progress) -> None:
        """Write the averaged weights in half precision, and what the run came to so far."""
        about = {
            "seconds": round(progress.seconds),
            "steps": progress.steps,
            "pictures": self.pictures,
            "skipped": progress.skipped,
        }
        words = {name: str(value) for name, value in about.items()}
        save_chunks(self.average.state_dict(), words, self.out)
        facts = {"architecture": self.options.architecture, **about}
        (self.out / "detector.json").write_text(json.dumps(facts, indent=2) + "\n")
