"""The training loop that the project's own two networks share.

A run is a folder: config.json, the loss curves, a sample sheet, metrics.json, the best weights as
a state dict and as a Hub folder, and a checkpoint from which ``--resume`` goes on to exactly the
weights that an uninterrupted run would have reached. For that, nothing depends on what came
before: a sample is a pure function of its number, and every step has its own seed.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from bgswap.errors import BgSwapError
from training.common.losses import mean_losses
from training.common.runs import Run
from training.common.tasks import LoopSettings, Task


def train(task: Task, settings: LoopSettings) -> dict[str, Any]:
    """Train a network; returns what metrics.json holds.

    Raises:
        FileNotFoundError: there is no checkpoint to resume from.
        FileExistsError: the run folder holds another run's checkpoint.
        ValueError: the checkpoint was made with other settings, or there is too little data.
        SystemExit: the process was told to end (SIGTERM, SIGINT); a checkpoint was written.
    """
    with Run(task, settings) as run:
        while run.progress.epoch < settings.epochs:
            run.network.train()
            for batch in run.batches():
                losses = task.losses(run.network, batch)
                run.optimizer.zero_grad()
                run.accelerator.backward(losses["total"])
                run.optimizer.step()
                run.step_done(losses)
            run.epoch_done(mean_losses(validate(task, run)))
        return run.done()


def validate(task: Task, run: Run) -> Iterator[dict[str, float]]:
    """Losses of the validation batches, gathered from all processes."""
    run.network.eval()
    with torch.inference_mode():
        for batch in run.validation:
            losses = task.losses(run.network, batch)
            names, values = zip(*losses.items(), strict=True)
            gathered = run.accelerator.gather(torch.stack(values)[None]).mean(0)
            yield dict(zip(names, gathered.tolist(), strict=True))


def command_parser(name: str, about: str) -> argparse.ArgumentParser:
    """The parser of ``python -m training.NAME``, which tells every flag's default.

    Args:
        name: of the module.
        about: its docstring; the first paragraph is shown.
    """
    return argparse.ArgumentParser(
        prog=f"python -m training.{name}",
        description=about.split("\n\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )


def add_flags(parser: argparse.ArgumentParser, defaults: LoopSettings) -> None:
    """Give a command a flag for each of the loop's settings."""
    add = parser.add_argument
    add("--out", type=Path, default=defaults.out, help="folder for all that comes out")
    add("--epochs", type=int, default=defaults.epochs, help="how often to go through the data")
    add("--batch", type=int, default=defaults.batch, help="samples a step and process")
    add(
        "--learning-rate",
        type=float,
        default=defaults.learning_rate,
        help="of Adam at the start; it falls to 0 along a half cosine",
    )
    add("--seed", type=int, default=defaults.seed, help="of weights, order, samples and noise")
    add("--workers", type=int, default=defaults.workers, help="processes that prepare samples")
    add(
        "--checkpoint-every",
        type=int,
        default=defaults.checkpoint_every,
        metavar="STEPS",
        help="steps between checkpoints; one is also written after each epoch",
    )
    add(
        "--mixed-precision",
        choices=("no", "fp16", "bf16"),
        default=defaults.mixed_precision,
        help="number format of the forward pass (fp16 needs a GPU)",
    )
    add("--cpu", action="store_true", help="stay on the CPU though there is a GPU")
    add("--resume", action="store_true", help="go on from the checkpoint in the run folder")


def settings_from(arguments: argparse.Namespace) -> LoopSettings:
    """The loop's settings out of what was parsed."""
    return LoopSettings(**{f.name: getattr(arguments, f.name) for f in fields(LoopSettings)})


def train_command(
    parser: argparse.ArgumentParser,
    task_from: Callable[[argparse.Namespace], Task],
    arguments: list[str] | None,
    after: Callable[[argparse.Namespace], None] | None = None,
) -> int:
    """Train what a command line asks for; returns the command's exit code.

    Args:
        parser: with the loop's own flags, as :func:`add_flags` gives them, and the task's.
        task_from: makes the task of what was parsed.
        arguments: None for those of the process.
        after: what is left to do when the network is trained.
    """
    args = parser.parse_args(arguments)

    def work() -> None:
        settings = settings_from(args)  # refused before any data is read
        train(task_from(args), settings)
        if after:
            after(args)

    return run_command(work)


def run_command(work: Callable[[], object]) -> int:
    """Run a training command: what its user did wrong becomes one line and exit code 2."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        work()
    except (BgSwapError, OSError, ValueError) as error:
        logging.getLogger(__name__).error("%s", error)
        return 2
    return 0
