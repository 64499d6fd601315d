"""``bgswap batch``: many photos, begun, killed and gone on with by the same command."""

import argparse
import contextlib
import json
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args

from bgswap.batch.inputs import find_photos
from bgswap.batch.job_files import OPTIONS, Row, option_value, read_rows
from bgswap.batch.jobs import Job, Request, plan
from bgswap.batch.session import Engine, Summary, run
from bgswap.batch.worker import SwapWorkers
from bgswap.cli.answers import print_answer
from bgswap.cli.running import DONE, INTERNAL, INTERRUPTED, SOME_FAILED, Parser, exit_status
from bgswap.errors import BadInput
from bgswap.io.encoding import SUFFIXES
from bgswap.options import rows
from bgswap.settings import Models, Settings

# Lines of the summary that name failed photos; the manifest names all.
MOST_NAMED = 20


def build_parser() -> argparse.ArgumentParser:
    """The arguments of ``bgswap batch``; options are the fields of :class:`SwapOptions`."""
    parser = Parser(
        prog="bgswap batch",
        description="Replace the background of many photos; the same command goes on where a "
        "killed one stopped.",
        epilog="Exit status: 0 done, 1 internal failure, 2 bad input, 4 some photos failed, "
        "130 interrupted.",
    )
    add = parser.add_argument
    add("inputs", nargs="*", metavar="IN", help="photos, folders, globs, or @FILE with a list")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the results")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--prompt", metavar="TEXT", help="the scene, in words")
    what.add_argument(
        "--background", metavar="X", help="a picture, '#rrggbb', 'blur', 'transparent'"
    )
    add("--jobs", type=Path, metavar="FILE", help="CSV or JSON Lines, a row a photo")
    add("--people", default="all", metavar="WHO", help="all, largest, or numbers as 1,3")
    add("--same-scene", action="store_true", help="one scene for all, fitted to each frame")
    add("--format", default="png", choices=list(SUFFIXES), help="kind of file of the results")
    add("--workers", type=int, metavar="N", help="default: one a GPU, or as the cores allow")
    add("--ray", nargs="?", const="", metavar="ADDRESS", help="work on a Ray cluster")
    add("--models", choices=get_args(Models), help="default: BGSWAP_MODELS or auto")
    add("--json", action="store_true", help="print the summary as JSON")
    add("--verbose", action="store_true", help="say more on standard error")
    for name in OPTIONS:
        option = rows()[name]
        text = option.described().replace("%", "%%")
        add(option.flag, dest=f"option_{name}", metavar="X", help=text)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``bgswap batch`` and give its exit status."""

    def work() -> int:
        asked = build_parser().parse_intermixed_args(arguments)
        logging.basicConfig(
            level=logging.INFO if asked.verbose else logging.ERROR, stream=sys.stderr
        )
        settings = Settings.from_env(models=asked.models)
        jobs = _jobs(asked, settings)
        with _terminated_as_interrupted():
            summary = run(jobs, asked.out, _engine(asked, settings))
        print_answer(_as_json(summary, asked.out) if asked.json else _readable(summary, asked.out))
        return _status(summary)

    return exit_status(work)


def _jobs(asked: argparse.Namespace, settings: Settings) -> list[Job]:
    if asked.workers is not None and asked.workers < 1:
        raise BadInput(f"workers must be at least 1, got {asked.workers}")
    if not asked.inputs and not asked.jobs:
        raise BadInput("no photos: name files, folders or globs, or --jobs FILE")
    rows = [Row(photo) for photo in find_photos(asked.inputs, asked.out)]
    if asked.jobs:
        rows += read_rows(asked.jobs)
    given = {name: getattr(asked, f"option_{name}") for name in OPTIONS}
    options = {k: option_value(k, text) for k, text in given.items() if text is not None}
    request = Request(
        asked.prompt,
        asked.background,
        asked.people,
        options,
        asked.same_scene,
        SUFFIXES[asked.format],
        settings.models,
    )
    return plan(rows, request)


def _engine(asked: argparse.Namespace, settings: Settings) -> Engine:
    workers = SwapWorkers(settings, asked.out.absolute())
    if asked.ray is not None:
        from bgswap.batch.ray_engine import RayEngine

        return RayEngine(workers, workers.out, asked.ray, asked.workers)
    from bgswap.batch.capacity import places
    from bgswap.batch.processes import Pool

    return Pool(workers, places(settings, asked.workers))


@contextlib.contextmanager
def _terminated_as_interrupted() -> Any:
    """A SIGTERM, as schedulers send it, ends the run as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _status(summary: Summary) -> int:
    if summary.interrupted:
        return INTERRUPTED
    if summary.stopped:
        return INTERNAL
    return SOME_FAILED if summary.failed else DONE


def _readable(summary: Summary, out: Path) -> str:
    lines = [f"{summary.done} done ({summary.before} before), {len(summary.failed)} failed"]
    if summary.left:
        lines.append(f"{summary.left} left: the same command goes on with them")
    if summary.stopped:
        lines.append(f"stopped: {summary.stopped}")
    failed = [f"failed: {one.path}: {one.error}" for one in summary.failed]
    lines += failed[:MOST_NAMED]
    if len(failed) > MOST_NAMED:
        lines.append(f"... and {len(failed) - MOST_NAMED} more")
    if summary.noted:
        lines.append(f"notes on {len(summary.noted)} photos")
    return "\n".join([*lines, f"manifest: {out / 'manifest.jsonl'}"])


def _as_json(summary: Summary, out: Path) -> str:
    failed = [{"path": one.path, "error": one.error} for one in summary.failed]
    told = {
        "done": summary.done,
        "before": summary.before,
        "failed": failed,
        "left": summary.left,
        "stopped": summary.stopped,
        "manifest": str(out / "manifest.jsonl"),
    }
    return json.dumps(told)
