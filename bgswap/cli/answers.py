"""What a command prints: the details for a person to read, or as JSON."""

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
    """Do the work of a command and print its details, and nothing else, on standard output.

    Args:
        options: as parsed; ``json`` and ``verbose`` are read here.
        work: gives the details.
        readable: the details as text for a person.

    Raises:
        BgSwapError: nobody can take the answer, or what ``work`` raises.
    """
    logging.basicConfig(level=logging.INFO if options.verbose else logging.ERROR, stream=sys.stderr)
    # Libraries print while they load; nothing but the answer belongs on standard output.
    with contextlib.redirect_stdout(sys.stderr if options.verbose else io.StringIO()):
        # First of all, since it says in words what OpenCV lacks.
        import bgswap.io.images  # noqa: F401

        details = work(options)
    print_answer(_json(details) if options.json else readable(details))


def _json(details: Details) -> str:
    """The details as JSON that standard output can hold, whichever its encoding."""
    encoding = getattr(sys.stdout, "encoding", None) or ""
    utf8 = encoding.lower().replace("-", "") == "utf8"
    return json.dumps(details, ensure_ascii=not utf8, allow_nan=False)


def print_answer(text: str) -> None:
    """Write text on standard output, whatever its encoding.

    Raises:
        BgSwapError: nobody can take it.
    """
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # What the encoding lacks is escaped as Python and JSON do it.
            sys.stdout.reconfigure(errors="backslashreplace")
        print(text, flush=True)
    except OSError as error:
        # What is left in the buffer would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise BgSwapError(f"the answer cannot be written: {error.strerror}") from None


def people_and_files(details: Details) -> str:
    """The details of a photo: its people, the models, the files that were written, the notes."""
    lines = [
        f"person {p['number']}: box {p['box']}, confidence {p['confidence']:.2f}, "
        f"{p['area']:.1%} of the photo"
        for p in details["people"]
    ]
    lines += [f"{role}: {m['weights']} ({m['kind']})" for role, m in details["models"].items()]
    if details.get("seed") is not None:
        lines.append(f"seed: {details['seed']}")
    lines += [f"wrote {path}" for path in details.get("written", [])]
    return "\n".join(lines + [f"note: {note}" for note in details["notes"]])


def weights_and_licenses(details: Details) -> str:
    """The details of the models: a line for each of their weights."""
    return "\n".join(
        f"{entry['title']}: {entry['name']}, licence {entry['license']}, {_size(entry['bytes'])}, "
        f"from {entry['source']}"
        for entry in details["models"]
    )


def _size(size: int | None) -> str:
    return "not on this machine" if size is None else f"{size / 1e6:.1f} MB"
