"""The training loop that the project's own two networks share.

A run is a folder: config.json, the loss curves, a sample sheet, metrics.json, the best weights as
a state dict and as a Hub folder, and accelerate's state of network, optimizer, schedule and
average, from which ``--resume`` goes on to exactly the weights that an uninterrupted run would
have reached. For that, a sample is a pure function of its number, and every step has its own seed.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import torch

from bgswap.errors import BgSwapError
from training.common.flags import settings_from
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
        while run.progress.epoch < run.epochs:
            run.network.train()
            for batch in run.batches():
                losses = task.losses(run.network, batch)
                run.optimizer.zero_grad()
                run.accelerator.backward(losses["total"])
                run.optimizer.step()
                run.scheduler.step()
                run.step_done(losses)
            run.epoch_done(mean_losses(validate(task, run)))
        return run.done()


def validate(task: Task, run: Run) -> Iterator[dict[str, float]]:
    """Losses of the validation batches, gathered from all processes."""
    network = run.judged.eval()
    with torch.inference_mode():
        for batch in run.validation:
            losses = task.losses(network, batch)
            names, values = zip(*losses.items(), strict=True)
            gathered = run.accelerator.gather(torch.stack(values)[None]).mean(0)
            yield dict(zip(names, gathered.tolist(), strict=True))


def command_parser(name: str, about: str) -> argparse.ArgumentParser:
    """The parser of ``python -m training NAME``, which tells every flag's default.

    Args:
        name: such as ``face_vae train``.
        about: its docstring; the first paragraph is shown.
    """
    return argparse.ArgumentParser(
        prog=f"python -m training {name}",
        description=about.split("\n\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )


def train_command(
    parser: argparse.ArgumentParser,
    task_from: Callable[[argparse.Namespace], Task],
    arguments: list[str] | None,
) -> int:
    """Train what a command line asks for; returns the command's exit code.

    Args:
        parser: with the loop's own flags (:func:`training.common.flags.add_flags`) and the task's.
        task_from: makes the task of what was parsed.
        arguments: None for those of the process.
    """
    args = parser.parse_args(arguments)

    def work() -> None:
        settings = settings_from(args)  # refused before any data is read
        train(task_from(args), settings)

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
