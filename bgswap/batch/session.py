"""One run of a batch: finds the unfinished jobs, runs them and records the outcomes."""

import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from bgswap.batch.jobs import Job
from bgswap.batch.manifest import Manifest, Outcome, remove_partial_files
from bgswap.errors import BgSwapError

# Yields one outcome for each job, in any order, as they arrive.
Engine = Callable[[Sequence[Job]], Generator[Outcome, None, None]]
# A full disk or a missing model would fail every photo: so many consecutive failures end the run.
# Refused photos do not count.
MOST_FAILURES_IN_A_ROW = 3


@dataclass
class Summary:
    """The state of a batch after this run and earlier ones.

    Attributes:
        done: number of results.
        before: number of results when this run began.
        failed: outcomes of photos without a result, including those of earlier runs.
        noted: outcomes with notes, of this run.
        left: number of unfinished jobs.
        stopped: why the run ended early; empty where it did not.
        interrupted: whether the user interrupted it.
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
    """Run the unfinished jobs of a batch.

    Args:
        jobs: all jobs, including those that earlier runs finished.
        out: the folder of the results.
        engine: runs the jobs.

    Raises:
        BadInput: the folder cannot be used, another run uses it, or a result would overwrite a
            file that is not a result.
    """
    summary = Summary()
    with Manifest(out) as manifest:
        remove_partial_files(out)
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
            remove_partial_files(out)
    return summary


def _work(
    left: Sequence[Job], total: int, manifest: Manifest, engine: Engine, summary: Summary
) -> None:
    in_a_row: deque[str] = deque(maxlen=MOST_FAILURES_IN_A_ROW)
    # Outside a terminal, update the progress bar rarely.
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
