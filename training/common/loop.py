"""The training loop: one for all of the project's own networks.

A run is a folder: config.json, accelerate's state of network, optimizers, schedules and average,
and what its task makes of the weights. From the state ``--resume`` goes on to exactly the weights
that an uninterrupted run would have reached: every step has its own seed, and a sample is a pure
function of its number or of that seed. It lasts so many epochs (:mod:`training.common.epochs`), or
so many seconds or steps (:mod:`training.common.timed`).
"""

import argparse
import logging
from collections.abc import Callable
from typing import Any

from tqdm.contrib.logging import logging_redirect_tqdm

from bgswap.errors import BgSwapError
from training.common.clock import Clock
from training.common.console import configure_logging
from training.common.epochs import EpochRun
from training.common.flags import settings_from
from training.common.runs import Run
from training.common.tasks import LoopSettings, Task, TimedSettings, TimedTask
from training.common.timed import TimedRun


def loop(run: Run) -> dict[str, Any]:
    """Train until the run is over; what it came to.

    Raises:
        SystemExit: the process was told to end (SIGTERM, SIGINT); a checkpoint was written.
    """
    with run:
        while not run.over:
            run.network.train()
            for batch in run.batches():
                losses = run.backward(batch)
                if losses and not run.clip():
                    losses = None
                if losses:
                    for optimizer in run.optimizers:
                        optimizer.step()
                    run.average_weights()
                for optimizer in run.optimizers:
                    optimizer.zero_grad()
                run.count_step(losses)
                for scheduler in run.schedulers:
                    scheduler.step()
                run.stop_if_told()
            run.epoch_done(run.validate())
        return run.done()


def train(task: Task, settings: LoopSettings) -> dict[str, Any]:
    """Train a network in epochs; returns what metrics.json holds.

    Raises:
        FileNotFoundError: there is no checkpoint to resume from.
        FileExistsError: the run folder holds another run's checkpoint.
        ValueError: the checkpoint was made with other settings, or there is too little data.
        SystemExit: the process was told to end (SIGTERM, SIGINT); a checkpoint was written.
    """
    return loop(EpochRun(task, settings))


def train_for(
    task: TimedTask, settings: TimedSettings, clock: Clock | None = None
) -> dict[str, Any]:
    """Train a network for so many seconds or steps; returns its ``seconds`` and ``history``.

    Args:
        task: the network, and what makes its batches.
        settings: of the run.
        clock: that other stages of a training have used; a new one if None.

    Raises:
        FileNotFoundError: there is no checkpoint to resume from.
        FileExistsError: the folder of the checkpoints holds another run's.
        ValueError: the checkpoint was made with other settings.
        SystemExit: the process was told to end (SIGTERM, SIGINT); a checkpoint was written.
    """
    return loop(TimedRun(task, settings, clock))


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
    configure_logging()
    try:
        with logging_redirect_tqdm():
            work()
    except (BgSwapError, OSError, ValueError) as error:
        logging.getLogger(__name__).error("%s", error)
        return 2
    return 0
