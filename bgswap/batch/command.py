"""``bgswap batch``: many photos; the same command resumes an interrupted batch."""

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

# Maximum number of failed photos in the summary; the manifest lists all.
MOST_NAMED = 20


def build_parser() -> argparse.ArgumentParser:
    """The arguments of ``bgswap batch``; options are the fields of :class:`SwapOptions`."""
    parser = Parser(
        prog="bgswap batch",
        description="Replace the background of many photos; the same command resumes an "
        "interrupted batch.",
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
    add("--jobs", type=Path, metavar="FILE", help="CSV or JSON Lines, one row a photo")
    add("--people", default="all", metavar="WHO", help="all, largest, or numbers as 1,3")
    add(
        "--same-scene",
        action="store_true",
        help="one scene for all photos, cropped to each aspect ratio",
    )
    add("--format", default="png", choices=list(SUFFIXES), help="kind of file of the results")
    add(
        "--workers",
        type=int,
        metavar="N",
        help="default: one a GPU, or as many as cores and memory allow",
    )
    add("--ray", nargs="?", const="", metavar="ADDRESS", help="run on a Ray cluster")
    add("--models", choices=get_args(Models), help="default: BGSWAP_MODELS or auto")
    add("--json", action="store_true", help="print the summary as JSON")
    add("--verbose", action="store_true", help="log to standard error")
    for name in OPTIONS:
        option = rows()[name]
        text = option.described().replace("%", "%%")
        add(option.flag, dest=f"option_{name}", metavar="X", help=text)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``bgswap batch`` and give its exit status."""

    def work() -> int:
        args = build_parser().parse_intermixed_args(arguments)
        logging.basicConfig(
            level=logging.INFO if args.verbose else logging.ERROR, stream=sys.stderr
        )
        settings = Settings.from_env(models=args.models)
        jobs = _jobs(args, settings)
        with _sigterm_as_interrupt():
            summary = run(jobs, args.out, _engine(args, settings))
        print_answer(_as_json(summary, args.out) if args.json else _readable(summary, args.out))
        return _status(summary)

    return exit_status(work)


def _jobs(args: argparse.Namespace, settings: Settings) -> list[Job]:
    if args.workers is not None and args.workers < 1:
        raise BadInput(f"workers must be at least 1, got {args.workers}")
    if not args.inputs and not args.jobs:
        raise BadInput("no photos: name files, folders or globs, or --jobs FILE")
    rows = [Row(photo) for photo in find_photos(args.inputs, args.out)]
    if args.jobs:
        rows += read_rows(args.jobs)
    given = {name: getattr(args, f"option_{name}") for name in OPTIONS}
    options = {k: option_value(k, text) for k, text in given.items() if text is not None}
    request = Request(
        args.prompt,
        args.background,
        args.people,
        options,
        args.same_scene,
        SUFFIXES[args.format],
        settings.models,
    )
    return plan(rows, request)


def _engine(args: argparse.Namespace, settings: Settings) -> Engine:
    workers = SwapWorkers(settings, args.out.absolute())
    if args.ray is not None:
        from bgswap.batch.ray_engine import RayEngine

        return RayEngine(workers, workers.out, args.ray, args.workers)
    from bgswap.batch.capacity import worker_environments
    from bgswap.batch.processes import Pool

    return Pool(workers, worker_environments(settings, args.workers))


@contextlib.contextmanager
def _sigterm_as_interrupt() -> Any:
    """Treat SIGTERM, which schedulers send, as Ctrl-C."""

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
        lines.append(f"{summary.left} left: the same command resumes with them")
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
    fields = {
        "done": summary.done,
        "before": summary.before,
        "failed": failed,
        "left": summary.left,
        "stopped": summary.stopped,
        "manifest": str(out / "manifest.jsonl"),
    }
    return json.dumps(fields)
