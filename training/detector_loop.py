"""The person detector's training loop: by the clock, in several processes, picture size growing."""

import logging
import math
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from training.composites import Composer

ARCHITECTURE = "yolov8n-seg"
# From this share of the time on: side in pixels, batch size. Small pictures come first because
# most of what there is to learn shows in them at a quarter of the price.
STAGES = ((0.0, 128, 16), (0.18, 192, 16), (0.55, 256, 16))
# Height and width of a batch over the stage's side.
SHAPES = ((1.0, 1.0), (0.8, 1.2), (1.2, 0.8), (0.8, 1.0), (0.8, 1.2))
LEARNING_RATE, WEIGHT_DECAY, WARMUP = 2e-3, 1e-3, 300
CHECKPOINT_SECONDS = 90
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """What is asked of a training: folder for its checkpoint, minutes in all, seed, resume."""

    out: Path
    minutes: float
    seed: int = 0
    resume: bool = False

    @property
    def last(self) -> Path:
        """The checkpoint: a state dict of tensors and numbers."""
        return self.out / "last.pt"


@dataclass
class Clock:
    """Where a training stands: seconds used, steps done."""

    seconds: float = 0.0
    steps: int = 0


def build_model() -> nn.Module:
    """YOLOv8n-seg of ultralytics with one class, random weights, ready for its own loss."""
    os.environ.setdefault("YOLO_OFFLINE", "1")
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import SegmentationModel

    model = SegmentationModel(f"{ARCHITECTURE}.yaml", nc=1, verbose=False)
    model.args = get_cfg()
    model.names = {0: "person"}
    # This order of memory is a third faster on CPUs.
    return model.to(memory_format=torch.channels_last)


def stage(progress: float) -> tuple[int, int]:
    """Picture side in pixels and batch size at that share of the training, 0 to 1."""
    return [(side, batch) for start, side, batch in STAGES if progress >= start][-1]


def learning_rate(progress: float, steps: int) -> float:
    """Linear warm-up, then a cosine down to a hundredth."""
    cosine = 0.01 + 0.99 * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
    return LEARNING_RATE * cosine * min(1.0, (steps + 1) / WARMUP)


class Batches(IterableDataset):
    """Endless batches as ultralytics' segmentation loss takes them.

    Args:
        composer: draws the pictures.
        side: of the pictures, about; shapes differ from batch to batch.
        batch: pictures in one.
    """

    def __init__(self, composer: Composer, side: int, batch: int) -> None:
        self.composer, self.side, self.batch = composer, side, batch

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        self.composer.rng = np.random.default_rng(torch.initial_seed())
        while True:
            yield self.draw()

    def draw(self) -> dict[str, Tensor]:
        """img (B, 3, H, W) uint8 RGB; masks (B, H/4, W/4), 0 background and 1...n the people.

        bboxes (n, 4) float32: x and y centre, width, height in [0, 1]; cls (n, 1) zeros; batch_idx
        (n,) picture of each.
        """
        tall, wide = SHAPES[self.composer.rng.integers(len(SHAPES))]
        height, width = (round(self.side * share / 32) * 32 for share in (tall, wide))
        pictures = [self.composer.compose(height, width) for _ in range(self.batch)]
        boxes = [p.boxes for p in pictures]
        index = np.repeat(np.arange(len(boxes)), [len(b) for b in boxes])
        images = np.stack([p.image for p in pictures]).transpose(0, 3, 1, 2)
        return {
            "img": torch.from_numpy(np.ascontiguousarray(images)),
            "masks": torch.from_numpy(np.stack([p.instances[2::4, 2::4] for p in pictures])),
            "bboxes": torch.from_numpy(np.concatenate(boxes)),
            "cls": torch.zeros(len(index), 1),
            "batch_idx": torch.from_numpy(index).float(),
        }


class Trainer:
    """Model, moving average, optimizer and clock of one process."""

    def __init__(self, plan: Plan) -> None:
        from ultralytics.utils.torch_utils import ModelEMA

        torch.manual_seed(plan.seed)
        self.plan, self.clock = plan, Clock()
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = build_model().train().to(self.device)
        weights = [p for p in self.model.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in weights if p.ndim > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [p for p in weights if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, LEARNING_RATE, fused=True)
        state = torch.load(plan.last, weights_only=True) if plan.resume else None
        if state:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.clock = Clock(**state["run"])
        self.average = ModelEMA(self.model, decay=0.998, tau=600, updates=self.clock.steps)
        if state:
            self.average.ema.load_state_dict(state["ema"])

    @property
    def progress(self) -> float:
        """Share of the time that is used up."""
        return self.clock.seconds / (60 * self.plan.minutes)

    def step(self, batch: dict[str, Tensor]) -> list[float]:
        """One update; the losses of box, mask, class and box distribution."""
        batch = {name: value.to(self.device) for name, value in batch.items()}
        picture = batch["img"].float().div_(255)
        batch["img"] = picture.contiguous(memory_format=torch.channels_last)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.progress, self.clock.steps)
        total, parts = self.model.loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        (total.sum() / len(picture)).backward()
        average_gradients(self.model)
        nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimizer.step()
        self.average.update(self.model)
        self.clock.steps += 1
        return [float(value) for value in list(parts.values())[:4]]

    def run_stage(self, composer: Composer) -> None:
        """Train at one picture size until the next is due or the time is used up."""
        side, batch = now = stage(self.progress)
        batches = Batches(composer, side, max(batch // dist.get_world_size(), 1))
        workers = 1 if self.device.type == "cpu" else os.cpu_count()
        loader = DataLoader(batches, batch_size=None, num_workers=workers, prefetch_factor=4)
        before = saved = self.clock.seconds
        started, losses = time.monotonic(), []
        for drawn in loader:
            losses.append(self.step(drawn))
            # the first process tells the time, so that all change size and end together
            seconds = torch.tensor(before + time.monotonic() - started, dtype=torch.float64)
            dist.broadcast(seconds, 0)
            self.clock.seconds = float(seconds)
            if self.clock.steps % 50 == 0:
                self._tell(side, losses)
                losses.clear()
            if self.clock.seconds - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = self.clock.seconds
            if self.progress >= 1 or stage(self.progress) != now:
                break
        self.save()

    def save(self) -> None:
        """Write the checkpoint, whole or not at all: a run may end at any moment."""
        if dist.get_rank() != 0:
            return
        state: dict[str, Any] = {
            "model": self.model.state_dict(),
            "ema": self.average.ema.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "run": asdict(self.clock),
        }
        half = self.plan.last.with_suffix(".part")
        torch.save(state, half)
        half.replace(self.plan.last)

    def _tell(self, side: int, losses: list[list[float]]) -> None:
        box, mask, kind, edge = np.mean(losses, axis=0)
        words = "step %d, %.1f min, %d px: box %.2f, mask %.2f, class %.2f, distribution %.2f"
        log.info(words, self.clock.steps, self.clock.seconds / 60, side, box, mask, kind, edge)


def train(rank: int, processes: int, plan: Plan, composer: Composer) -> None:
    """Train as one of ``processes`` that average their gradients after every step.

    Processes of few threads wait for each other once a step, threads at every operation: on a
    busy machine that is several times as slow.

    Raises:
        FileNotFoundError: there is no checkpoint to resume from.
    """
    if rank > 0:
        logging.getLogger().setLevel(logging.ERROR)
    group = os.getppid() if processes > 1 else os.getpid()
    store = f"file://{plan.out.resolve()}/processes-{group}"
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=processes)
    torch.set_num_threads(max((os.cpu_count() or 1) // processes, 1))
    trainer = Trainer(plan)
    torch.manual_seed(1 + plan.seed + rank + processes * trainer.clock.steps)
    while trainer.progress < 1:
        trainer.run_stage(composer)
    dist.destroy_process_group()


def average_gradients(model: nn.Module) -> None:
    """Over all processes, in place; in one message, as many small ones take longer."""
    if dist.get_world_size() == 1:
        return
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(part.view_as(gradient))
