"""Output of the commands: the details as text or as JSON."""

import contextlib
import io
import json
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from bgswap.errors import BgSwapError

Details = dict[str, Any]


def answer(
    options: Namespace, work: Callable[[Namespace], Details], readable: Callable[[Details], str]
) -> None:
    """Run a command and print its details, and nothing else, on standard output.

    Args:
        options: as parsed; ``json`` and ``verbose`` are used here.
        work: runs the command and returns the details.
        readable: formats the details as text.

    Raises:
        BgSwapError: standard output cannot be written to, or an error of ``work``.
    """
    logging.basicConfig(level=logging.INFO if options.verbose else logging.ERROR, stream=sys.stderr)
    # Libraries print while they load; standard output is for the details alone.
    with contextlib.redirect_stdout(sys.stderr if options.verbose else io.StringIO()):
        # Imported first, for its error message on system libraries that OpenCV lacks.
        import bgswap.io.images  # noqa: F401

        details = work(options)
    print_answer(_json(details) if options.json else readable(details))


def _json(details: Details) -> str:
    """The details as JSON that the encoding of standard output can represent."""
    encoding = getattr(sys.stdout, "encoding", None) or ""
    utf8 = encoding.lower().replace("-", "") == "utf8"
    return json.dumps(details, ensure_ascii=not utf8, allow_nan=False)


def print_answer(text: str) -> None:
    """Write text to standard output, in any encoding.

    Raises:
        BgSwapError: it cannot be written.
    """
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # Characters that the encoding lacks are written as backslash escapes.
            sys.stdout.reconfigure(errors="backslashreplace")
        print(text, flush=True)
    except OSError as error:
        # Otherwise the rest of the buffer would raise again when Python exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise BgSwapError(f"the answer cannot be written: {error.strerror}") from None


def people_and_files(details: Details) -> str:
    """The details of a photo as text: people, models, written files and notes."""
    lines = [
        f"person {p['number']}: box {p['box']}, confidence {p['confidence']:.2f}, "
        f"{p['area']:.1%} of the photo"
        for p in details["people"]
    ]
    lines += [
        f"{role}: {m['weights']} ({m['kind']}, license {m['license']})"
        for role, m in details["models"].items()
    ]
    if details.get("seed") is not None:
        lines.append(f"seed: {details['seed']}")
    lines += [f"wrote {path}" for path in details.get("written", [])]
    return "\n".join(lines + [f"note: {note}" for note in details["notes"]])


def weights_and_licenses(details: Details) -> str:
    """The details of the models as text, one line for each of their weights."""
    lines = [
        f"{entry['title']}: {entry['name']}, license {entry['license']}, {_size(entry['bytes'])}, "
        f"from {entry['source']}"
        for entry in details["models"]
    ]
    return "\n".join([*lines, *filter(None, [details.get("prepared")])])


def _size(size: int | None) -> str:
    return "not on this machine" if size is None else f"{size / 1e6:.1f} MB"
