"""Train the starter person detector: YOLOv8n-seg from scratch, one class, on composed pictures.

    python -m training.person_detector --people datasets/people.zip --scenes datasets/scenes.zip \\
        --out runs/person-detector

Pictures of several people are drawn anew for every batch (:mod:`training.composites`), small at
first and larger later, until ``--minutes`` are used up; then input size, threshold and NMS overlap
are chosen and the figures measured on held-out pictures. ``OUT/hub`` is the finished model:
config.json, model.safetensors, README.md. ``--resume`` goes on after an interruption; with
``--minutes 0`` it only writes what is there so far.

The default time is meant for two CPU cores (some 115,000 pictures there, more on idle ones).
Expect about 95 % of single people found with a mean mask IoU of 0.9, 80 % of those in composites
of several, and a false person in every third picture; the weights that ship had 272 minutes.
"""

import argparse
import logging
import os
import signal
from pathlib import Path

import cv2
import torch
import torch.multiprocessing as mp

from bgswap.people.detector import PersonDetector
from training.composites import Composer
from training.cutouts import alone, load_photos
from training.data import PictureArchive
from training.detector_export import finish
from training.detector_loop import Plan, train
from training.loop import command_parser, run_command

log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = command_parser("person_detector", __doc__)
    add = parser.add_argument
    add("--people", type=Path, required=True, help="folder or zip of people with masks")
    add("--scenes", type=Path, required=True, help="folder or zip of scenes without people")
    add("--out", type=Path, default=Path("runs/person-detector"), help="folder for the results")
    add(
        "--passers-by",
        type=Path,
        help="folder of a finished detector, e.g. bgswap/starter/person-detector: photos in whose "
        "background it finds people without a mask are not used as background",
    )
    add("--minutes", type=float, default=180, help="how long to train in all")
    add("--seed", type=int, default=0, help="of weights and pictures")
    add("--resume", action="store_true", help="go on from OUT/last.pt")
    return parser


def run_training(plan: Plan, composer: Composer) -> None:
    """Train in one process on a GPU, else in one process for each CPU core."""
    processes = 1 if torch.cuda.is_available() else os.cpu_count() or 1
    if processes == 1:
        train(0, 1, plan, composer)
        return
    ranks = mp.start_processes(
        train, (processes, plan, composer), processes, join=False, start_method="fork"
    )

    def stop(*_: object) -> None:
        for process in ranks.processes:
            process.terminate()
        raise SystemExit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    ended = False
    while not ended:
        ended = ranks.join()


def work(options: argparse.Namespace) -> None:
    """Train, choose, measure, export.

    Raises:
        FileNotFoundError: an archive, or the checkpoint to resume from, is missing.
        FileExistsError: another run's checkpoint lies in the folder.
        ValueError: the archive holds no photo of one person.
    """
    last = options.out / "last.pt"
    if options.resume and not last.is_file():
        raise FileNotFoundError(f"no checkpoint to resume from at {last}")
    if last.is_file() and not options.resume:
        raise FileExistsError(f"{last} is there: --resume goes on with it, or name another folder")
    options.out.mkdir(parents=True, exist_ok=True)
    if options.minutes > 0:
        cv2.setNumThreads(0)  # a thread pool of OpenCV's does not survive the forks
        photos = load_photos(PictureArchive(options.people), "train")
        if not photos:
            raise ValueError(f"{options.people} holds no photo of one person in people/train")
        if options.passers_by:
            detector = PersonDetector.load(options.passers_by)
            photos = [alone(photo, detector.candidates) for photo in photos]
        log.info("%d photos of one person, %d alone", len(photos), sum(p.alone for p in photos))
        composer = Composer(photos, PictureArchive(options.scenes), "train", options.seed)
        run_training(Plan(options.out, options.minutes, options.seed, options.resume), composer)
    finish(last, options.people, options.scenes, options.out / "hub")


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = parser().parse_args(arguments)
    return run_command(lambda: work(options))


if __name__ == "__main__":
    raise SystemExit(main())
