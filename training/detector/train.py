"""Train the person detector: YOLOv8-seg with one class, on pictures made on the device.

    python -m training detector train --packs packs/people-a packs/people-b --seconds 540 \\
        --out runs/detector --state runs/detector/state

Half of each batch are composed pictures with every person's mask, half real photos with boxes.
``OUT`` gets the averaged weights in half precision every minute, of which
``training.detector.export_detector`` makes a detector, and ``STATE`` what ``--resume`` goes on
from. ``--rehearse`` trains ten steps of small pictures from a few photos.
"""

import argparse
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch

from training.common.loop import command_parser, run_command
from training.detector.detector_loop import Plan, Trainer
from training.detector.photos import RealPhotos
from training.detector.targets import Targets, from_composite, joined
from training.synthesis.bank import load_banks
from training.synthesis.composer import Composer

# Share of composed pictures in a batch.
COMPOSED = 0.5
REHEARSAL = {"steps": 10, "stages": ((0.0, (128, 160), 4),), "tell_every": 2, "warmup": 4}
log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("detector train", __doc__)
    add = parser.add_argument
    add("--packs", type=Path, nargs="+", required=True, help="folders of training.synthesis.pack")
    add("--out", type=Path, required=True, help="folder for the averaged weights")
    add("--state", type=Path, help="folder for the whole state; OUT/state if not given")
    add("--seconds", type=float, default=540, help="how long to train in all")
    add("--architecture", default="yolov8s-seg", help="of the network")
    add("--start", type=Path, help="folder of weights to begin with")
    add("--side", type=int, help="pictures of this side alone, in place of growing ones")
    add("--scale", type=float, default=1.0, help="factor of the batches' sizes")
    add("--learning-rate", type=float, default=Plan.learning_rate, help="of AdamW")
    add("--seed", type=int, default=0, help="of weights and pictures")
    add("--resume", action="store_true", help="go on from STATE/last.pt")
    add("--rehearse", action="store_true", help="ten steps of small pictures from a few photos")
    return parser


def batches(composer: Composer, real: RealPhotos) -> Callable[[int, int], Targets]:
    """What draws a batch: part composed, part real."""

    @torch.no_grad()
    def draw(batch: int, side: int) -> Targets:
        composed = round(batch * COMPOSED)
        made = from_composite(composer.draw(composed, side))
        return joined([made, real.draw(batch - composed, side)])

    return draw


def plan_from(options: argparse.Namespace) -> Plan:
    """The plan that the flags ask for."""
    plan = Plan(
        options.out,
        options.state or options.out / "state",
        options.seconds,
        options.architecture,
        start=options.start,
        resume=options.resume,
        learning_rate=options.learning_rate,
    )
    stages = tuple((s, sides, round(batch * options.scale)) for s, sides, batch in plan.stages)
    if options.side:
        stages = ((0.0, (options.side,), stages[-1][2]),)
    plan = replace(plan, stages=stages)
    return replace(plan, **REHEARSAL) if options.rehearse else plan


def work(options: argparse.Namespace) -> None:
    """Load the packs and train.

    Raises:
        FileNotFoundError: a pack, or the state to resume from, is missing.
        ValueError: the packs hold no photo to learn from.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(options.seed)
    limit = 6 if options.rehearse else None
    photos, scenes = load_banks(options.packs, device, limit)
    log.info("%d photos, %d scenes on %s", len(photos), len(scenes), device)
    seed = options.seed + (1000 if options.resume else 0)
    draw = batches(Composer(photos, scenes, seed), RealPhotos(photos, seed + 1))
    trainer = Trainer(plan_from(options), draw, device)
    trainer.run()
    log.info("trained %.0f s, %d steps", trainer.clock.seconds, trainer.clock.steps)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: work(options))


if __name__ == "__main__":
    raise SystemExit(main())
