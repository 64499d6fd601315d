"""The command line: ``python -m bgswap PHOTO --prompt TEXT``."""

import argparse
import contextlib
import io
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from bgswap.errors import BadInput, BgSwapError, NoPersonDetected
from bgswap.io.files import check_writable
from bgswap.options import SwapOptions
from bgswap.presets import preset_names
from bgswap.settings import Models, Settings

if TYPE_CHECKING:
    from bgswap.swapper import BackgroundSwapper

DONE, INTERNAL, BAD_INPUT, NO_PERSON = 0, 1, 2, 3
log = logging.getLogger("bgswap")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(message)


def build_parser() -> argparse.ArgumentParser:
    """The options of the command line; their bounds are those of :class:`SwapOptions`."""
    parser = _Parser(
        prog="python -m bgswap",
        description="Replace everything behind the people in a photo by a scene in words.",
        epilog="Exit status: 0 done, 1 internal failure, 2 bad input, 3 no person detected.",
    )
    parser.add_argument("photo", metavar="PHOTO", help="a picture file")
    parser.add_argument("--prompt", metavar="TEXT", help="the scene, in words")
    parser.add_argument("--list", action="store_true", help="only list who is in the photo")
    parser.add_argument(
        "--people", default="all", metavar="1,3", help="who stays, by number (default: all)"
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="PNG, JPEG or WebP (default: PHOTO-swapped.png)"
    )
    parser.add_argument("--cutout", type=Path, metavar="FILE", help="the kept people as RGBA PNG")
    parser.add_argument("--negative-prompt", default="", metavar="TEXT", help="what not to show")
    parser.add_argument("--seed", type=int, metavar="N", help="same seed, same picture")
    parser.add_argument("--steps", type=int, metavar="N", help="denoising steps (1 to 100)")
    parser.add_argument("--guidance-scale", type=float, metavar="X", help="0 to 30")
    parser.add_argument(
        "--variations", type=int, default=1, metavar="N", help="scenes to choose from (1 to 8)"
    )
    parser.add_argument(
        "--light", type=float, default=0.0, metavar="X", help="light follows the scene (0 to 1)"
    )
    parser.add_argument(
        "--shadow", type=float, default=0.0, metavar="X", help="shadow under the feet (0 to 1)"
    )
    parser.add_argument(
        "--enhance-faces", type=float, default=0.0, metavar="X", help="face restoration (0 to 1)"
    )
    parser.add_argument("--preset", default="auto", choices=preset_names())
    parser.add_argument("--models", choices=get_args(Models), help="default: BGSWAP_MODELS or auto")
    parser.add_argument("--json", action="store_true", help="print the details as JSON")
    parser.add_argument("--verbose", action="store_true", help="say more on standard error")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status."""
    try:
        options = build_parser().parse_args(arguments)
        logging.basicConfig(
            level=logging.INFO if options.verbose else logging.ERROR, stream=sys.stderr
        )
        # Libraries print while they load; nothing but the answer belongs on standard output.
        with contextlib.redirect_stdout(sys.stderr if options.verbose else io.StringIO()):
            details = _list(options) if options.list else _swap(options)
        return _answer(_json(details) if options.json else _readable(details))
    except NoPersonDetected as error:
        return _fail(error, NO_PERSON)
    except BadInput as error:
        return _fail(error, BAD_INPUT)
    except BgSwapError as error:
        return _fail(error, INTERNAL)
    except KeyboardInterrupt:
        return _fail("Stopped", 130)
    except Exception:
        log.exception("internal failure")
        return INTERNAL


def _json(details: dict[str, Any]) -> str:
    """The details as JSON that standard output can hold, whichever its encoding."""
    encoding = getattr(sys.stdout, "encoding", None) or ""
    utf8 = encoding.lower().replace("-", "") == "utf8"
    return json.dumps(details, ensure_ascii=not utf8, allow_nan=False)


def _answer(text: str) -> int:
    """Write the answer; where nobody can take it, say so in one line."""
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # What the encoding lacks is escaped as Python and JSON do it.
            sys.stdout.reconfigure(errors="backslashreplace")
        print(text, flush=True)
    except OSError as error:
        # What is left in the buffer would fail once more when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _fail(f"the answer cannot be written: {error.strerror}", INTERNAL)
    return DONE


def _fail(message: object, status: int) -> int:
    print(f"bgswap: {message}", file=sys.stderr)
    return status


def _swapper(options: argparse.Namespace) -> "BackgroundSwapper":
    from bgswap.swapper import BackgroundSwapper

    return BackgroundSwapper.from_settings(Settings.from_env(models=options.models))


def _list(options: argparse.Namespace) -> dict[str, Any]:
    return _swapper(options).list_people(options.photo)[1]


def _swap(options: argparse.Namespace) -> dict[str, Any]:
    from bgswap.io import metadata

    if options.prompt is None:
        raise BadInput("--prompt is missing: describe the scene, or --list who is there")
    output = options.output or Path(f"{Path(options.photo).stem}-swapped.png")
    _check_outputs(Path(options.photo), output, options.cutout)
    result = _swapper(options).swap(
        options.photo,
        options.prompt,
        options.people,
        SwapOptions(
            negative_prompt=options.negative_prompt,
            seed=options.seed,
            steps=options.steps,
            guidance_scale=options.guidance_scale,
            variations=options.variations,
            light=options.light,
            shadow=options.shadow,
            enhance_faces=options.enhance_faces,
            preset=options.preset,
        ),
    )
    metadata.save(result.image, output, result.details)
    if options.cutout:
        metadata.save(result.cutout, options.cutout, {})
    written = [str(path) for path in (output, options.cutout) if path]
    return result.details | ({} if options.json else {"written": written})


def _check_outputs(photo: Path, output: Path, cutout: Path | None) -> None:
    """Find out before minutes of work that their results could not be written.

    Raises:
        BadInput: one could not, or would overwrite the photo or the other one.
    """
    _check_output(output, photo, transparent=False)
    if cutout:
        _check_output(cutout, photo, transparent=True)
        if os.path.realpath(output) == os.path.realpath(cutout):
            raise BadInput(f"picture and cut-out need two files: {output}")


def _check_output(path: Path, photo: Path, transparent: bool) -> None:
    from bgswap.io.images import WRITTEN

    if path.suffix.lower() not in WRITTEN:
        raise BadInput(f"a picture is saved as {', '.join(WRITTEN)}: {path}")
    if transparent and path.suffix.lower() in (".jpg", ".jpeg"):
        raise BadInput(f"JPEG has no transparency: save the cut-out as .png or .webp: {path}")
    if not path.absolute().parent.is_dir():
        raise BadInput(f"there is no folder for {path}")
    check_writable(path)
    with contextlib.suppress(OSError, ValueError):  # one of them is not there
        if path.samefile(photo):
            raise BadInput(f"this would overwrite the photo: {path}")


def _readable(details: dict[str, Any]) -> str:
    lines = [
        f"person {p['number']}: box {p['box']}, confidence {p['confidence']:.2f}, "
        f"{p['area']:.1%} of the photo"
        for p in details["people"]
    ]
    lines += [f"{role}: {m['weights']} ({m['kind']})" for role, m in details["models"].items()]
    if "seed" in details:
        lines.append(f"seed: {details['seed']}")
    lines += [f"wrote {path}" for path in details.get("written", [])]
    return "\n".join(lines + [f"note: {note}" for note in details["notes"]])
