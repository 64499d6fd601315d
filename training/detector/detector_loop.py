"""The person detector's training loop: planned by the clock, all on one device."""

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from ultralytics.utils.torch_utils import ModelEMA

from training.detector.export_detector import build_model, fill, load_chunks, save_chunks
from training.detector.loss import DetectorLoss
from training.detector.targets import Targets

NAMES = ("box", "class", "distribution", "mask")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What is asked of a training.

    Attributes:
        out: folder for the weights in half precision and the log.
        state: folder for the whole state, to resume from.
        seconds: of training in all.
        architecture: such as ``yolov8s-seg``.
        stages: from this share of the time on, sides in pixels to draw from and pictures a batch.
        start: folder of weights to begin with, or None for random ones.
        resume: go on from the state.
        steps: end after so many of them, for rehearsals; 0 for no such end.
        learning_rate: of AdamW after the warm-up.
        weight_decay: of weights of two dimensions and more.
        warmup: steps over which the learning rate rises.
        decay: of the moving average; early in training it is shorter.
        save_every: seconds between saves.
        tell_every: steps between lines of the log.
    """

    out: Path
    state: Path
    seconds: float
    architecture: str = "yolov8s-seg"
    stages: tuple[tuple[float, tuple[int, ...], int], ...] = (
        (0.0, (320,), 96),
        (0.4, (384, 448), 80),
        (0.75, (512, 576), 64),
    )
    start: Path | None = None
    resume: bool = False
    steps: int = 0
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup: int = 150
    decay: float = 0.998
    save_every: float = 60
    tell_every: int = 25


@dataclass
class Clock:
    """Where a training stands: seconds used, steps done, pictures seen, batches left out."""

    seconds: float = 0.0
    steps: int = 0
    pictures: int = 0
    skipped: int = 0


@dataclass
class _Window:
    """Sums since the last line of the log."""

    losses: list[Tensor] = field(default_factory=list)
    started: float = 0.0
    pictures: int = 0


class Trainer:
    """Model, moving average, optimizer and clock.

    Args:
        plan: what is asked.
        draw: gives a batch of so many pictures of that side.
        device: where all happens.
    """

    def __init__(
        self, plan: Plan, draw: Callable[[int, int], Targets], device: torch.device
    ) -> None:
        self.plan, self.draw, self.device, self.clock = plan, draw, device, Clock()
        self.model = build_model(plan.architecture).to(device).train()
        if plan.start:
            fill(self.model, {k: v.float() for k, v in load_chunks(plan.start).items()})
        self.loss = DetectorLoss(self.model)
        weights = [p for p in self.model.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in weights if p.ndim > 1], "weight_decay": plan.weight_decay},
            {"params": [p for p in weights if p.ndim <= 1], "weight_decay": 0.0},
        ]
        fused = device.type == "cuda"
        self.optimizer = torch.optim.AdamW(groups, plan.learning_rate, (0.9, 0.99), fused=fused)
        state = self._state() if plan.resume else None
        if state:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.clock = Clock(**state["clock"])
        self.average = ModelEMA(self.model, decay=plan.decay, tau=300, updates=self.clock.steps)
        if state:
            self.average.ema.load_state_dict(state["average"])

    @property
    def progress(self) -> float:
        """Share of the planned time, or of the planned steps, that is used up."""
        shares = [self.clock.seconds / self.plan.seconds if self.plan.seconds else 1.0]
        if self.plan.steps:
            shares.append(self.clock.steps / self.plan.steps)
        return min(max(shares), 1.0)

    def run(self) -> None:
        """Train until the time or the steps are used up, saving on the way and at the end."""
        window = _Window(started=time.monotonic())
        before, saved = self.clock.seconds, self.clock.seconds
        began = time.monotonic()
        while self.progress < 1:
            side, batch = self._stage()
            try:
                losses = self.step(self.draw(batch, side))
            except torch.OutOfMemoryError:
                log.warning("out of memory at %d x %d px", batch, side)
                self.clock.skipped += 1
                self.optimizer.zero_grad(set_to_none=True)
                torch.cuda.empty_cache()
                losses = None
            self.clock.seconds = before + time.monotonic() - began
            if losses is not None:
                window.losses.append(losses)
                window.pictures += batch
            if self.clock.steps % self.plan.tell_every == 0 and window.losses:
                self._tell(window, side)
                window = _Window(started=time.monotonic())
            if self.clock.seconds - saved > self.plan.save_every:
                saved = self.clock.seconds
                self.save()
        self.save()

    def step(self, targets: Targets) -> Tensor:
        """One update, none where the loss is not a number; the four losses, on the device."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.plan.learning_rate * self._rate()
        image = targets.image.contiguous(memory_format=torch.channels_last)
        kind = self.device.type
        with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
            outputs = self.model(image)
        total, parts = self.loss.forward_targets(outputs, targets)
        self.optimizer.zero_grad(set_to_none=True)
        (total / len(image)).backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), 10.0, foreach=True)
        self.clock.steps += 1
        self.clock.pictures += len(image)
        # the one wait for the device in a step
        if torch.isfinite(norm):
            self.optimizer.step()
            self.average.update(self.model)
        else:
            self.clock.skipped += 1
        return parts

    def save(self) -> None:
        """Write the averaged weights and, elsewhere, the whole state; failures are told only."""
        plan = self.plan
        about = {name: f"{value:.0f}" for name, value in vars(self.clock).items()}
        try:
            save_chunks(self.average.ema.state_dict(), about, plan.out)
            facts = {"architecture": plan.architecture, **vars(self.clock)}
            (plan.out / "detector.json").write_text(json.dumps(facts, indent=2) + "\n")
            plan.state.mkdir(parents=True, exist_ok=True)
            state = {
                "model": self.model.state_dict(),
                "average": self.average.ema.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "clock": vars(self.clock),
            }
            torch.save(state, plan.state / "last.part")
            (plan.state / "last.part").replace(plan.state / "last.pt")
        except OSError as error:
            log.warning("could not save: %s", error)

    def _state(self) -> dict[str, Any]:
        """What :meth:`save` wrote.

        Raises:
            FileNotFoundError: there is nothing to resume from.
        """
        path = self.plan.state / "last.pt"
        return torch.load(path, weights_only=True, map_location=self.device)

    def _stage(self) -> tuple[int, int]:
        """Picture side and batch of the next step."""
        _, sides, batch = [s for s in self.plan.stages if self.progress >= s[0]][-1]
        return sides[self.clock.steps % len(sides)], batch

    def _rate(self) -> float:
        """Linear warm-up, then a fall to a hundredth, flat at first."""
        fall = 0.01 + 0.99 * (1 + math.cos(math.pi * self.progress)) / 2
        return fall * min(1.0, (self.clock.steps + 1) / self.plan.warmup)

    def _tell(self, window: _Window, side: int) -> None:
        means = torch.stack(window.losses).nanmean(0).tolist()
        speed = window.pictures / max(time.monotonic() - window.started, 1e-6)
        words = ", ".join(f"{name} {mean:.3f}" for name, mean in zip(NAMES, means, strict=True))
        clock = self.clock
        log.info(
            "step %d, %.0f s, %d px: %s; %.0f pictures/s, %d left out",
            clock.steps, clock.seconds, side, words, speed, clock.skipped,
        )  # fmt: skip
