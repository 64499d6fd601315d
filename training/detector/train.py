"""Train the person detector: YOLOv8-seg with one class, on pictures made on the device.

    python -m training detector train --packs packs/people-a packs/people-b --seconds 540 \\
        --out runs/detector --state runs/detector/state

Half of each batch are composed pictures with every person's mask, half real photos with boxes.
``OUT`` gets the averaged weights in half precision every minute, of which
``training.detector.export_detector`` makes a detector, and ``STATE`` the checkpoint that
``--resume`` goes on from. ``--rehearse`` trains ten steps of small pictures from a few photos.
"""

import argparse
import logging
from collections.abc import Callable
from pathlib import Path

import torch

from training.common.flags import add_track_flag
from training.common.loop import command_parser, run_command, train_for
from training.common.tasks import TimedSettings
from training.detector.detector_task import DetectorConfig, DetectorTask
from training.detector.photos import RealPhotos
from training.detector.targets import Targets, from_composite, joined
from training.synthesis.bank import load_banks
from training.synthesis.composer import Composer

# Share of composed pictures in a batch.
COMPOSED = 0.5
# Added to a step's seed for the real photos, so that they are not drawn as the composed ones are.
REAL_SEED = 1 << 31
REHEARSAL = ((0.0, (128, 160), 4),)
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
    add("--learning-rate", type=float, default=DetectorConfig.learning_rate, help="of AdamW")
    add("--seed", type=int, default=0, help="of weights and pictures")
    add("--resume", action="store_true", help="go on from the checkpoint in STATE")
    add_track_flag(parser)
    add("--rehearse", action="store_true", help="ten steps of small pictures from a few photos")
    return parser


def batches(composer: Composer, real: RealPhotos) -> Callable[[int, int, int], Targets]:
    """What draws a batch: part composed, part real; a function of size, side and seed."""

    @torch.no_grad()
    def draw(batch: int, side: int, seed: int) -> Targets:
        composer.generator.manual_seed(seed)
        real.generator.manual_seed(seed + REAL_SEED)
        composed = round(batch * COMPOSED)
        made = from_composite(composer.draw(composed, side))
        return joined([made, real.draw(batch - composed, side)])

    return draw


def config_from(options: argparse.Namespace) -> DetectorConfig:
    """How the flags ask for the detector to be trained."""
    stages = REHEARSAL if options.rehearse else DetectorConfig.stages
    stages = tuple((s, sides, round(batch * options.scale)) for s, sides, batch in stages)
    if options.side:
        stages = ((0.0, (options.side,), stages[-1][2]),)
    return DetectorConfig(options.architecture, stages, options.start, options.learning_rate)


def settings_from(options: argparse.Namespace, device: torch.device) -> TimedSettings:
    """How long and by which schedule the flags ask to train."""
    return TimedSettings(
        options.out,
        state=options.state or options.out / "state",
        seconds=options.seconds,
        steps=10 if options.rehearse else 0,
        warmup=4 if options.rehearse else 150,
        lowest=0.01,
        ema=0.998,
        clip=10.0,
        finite_only=True,
        seed=options.seed,
        resume=options.resume,
        cpu=device.type == "cpu",
        track=options.track,
    )


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
    draw = batches(Composer(photos, scenes), RealPhotos(photos))
    task = DetectorTask(config_from(options), draw, device, options.out)
    train_for(task, settings_from(options, device))


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: work(options))


if __name__ == "__main__":
    raise SystemExit(main())
