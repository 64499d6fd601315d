"""One run of a batch: what is left to do, done and recorded; what became of it."""

import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from bgswap.batch.jobs import Job
from bgswap.batch.manifest import Manifest, Outcome, sweep
from bgswap.errors import BgSwapError

# Gives one outcome for each job, in any order, as they come.
Engine = Callable[[Sequence[Job]], Generator[Outcome, None, None]]
# A disk that is full or a model that is gone fails every photo: this many failures in a row end
# the run. Photos that cannot be used do not count.
MOST_FAILURES_IN_A_ROW = 3


@dataclass
class Summary:
    """What became of a batch, this run and those before it.

    Attributes:
        done: results that are there.
        before: how many of them were there when this run began.
        failed: outcomes of photos without a result, those of earlier runs included.
        noted: outcomes with notes, of this run.
        left: jobs that this run did not come to.
        stopped: why it ended before all was done; empty where it did not.
        interrupted: whether that was the user.
    """

    done: int = 0
    before: int = 0
    failed: list[Outcome] = field(default_factory=list)
    noted: list[Outcome] = field(default_factory=list)
    left: int = 0
    stopped: str = ""
    interrupted: bool = False

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        if outcome.status == "done":
            self.done += 1
        else:
            self.failed.append(outcome)


def run(jobs: Sequence[Job], out: Path, engine: Engine) -> Summary:
    """Do what is left of a batch.

    Args:
        jobs: all of it, also what earlier runs did.
        out: the folder of the results.
        engine: does the work.

    Raises:
        BadInput: the folder cannot be used, another run is at it, or a result would overwrite a
            file that is none of ours.
    """
    summary = Summary()
    with Manifest(out) as manifest:
        sweep(out)
        left = []
        for job in jobs:
            settled = manifest.settled(job)
            if settled is None:
                left.append(job)
            else:
                summary.add(settled)
        manifest.claim([job.output for job in left])
        summary.before, summary.left = summary.done, len(left)
        try:
            _work(left, len(jobs), manifest, engine, summary)
        except KeyboardInterrupt:
            summary.interrupted, summary.stopped = True, "interrupted"
        except BgSwapError as error:
            summary.stopped = str(error)
        finally:
            sweep(out)
    return summary


def _work(
    left: Sequence[Job], total: int, manifest: Manifest, engine: Engine, summary: Summary
) -> None:
    in_a_row: deque[str] = deque(maxlen=MOST_FAILURES_IN_A_ROW)
    # Where nobody watches, a line now and then is enough.
    often = 0.1 if sys.stderr.isatty() else 30.0
    with (
        closing(engine(left)) as outcomes,
        tqdm(total=total, initial=total - len(left), unit="photo", mininterval=often) as bar,
    ):
        for outcome in outcomes:
            manifest.append(outcome)
            summary.add(outcome)
            summary.left -= 1
            if outcome.notes:
                summary.noted.append(outcome)
            bar.set_postfix(failed=len(summary.failed), refresh=False)
            bar.update()
            in_a_row.append(outcome.status)
            if in_a_row.count("failed") == MOST_FAILURES_IN_A_ROW:
                summary.stopped = f"{MOST_FAILURES_IN_A_ROW} failures in a row: {outcome.error}"
                return
