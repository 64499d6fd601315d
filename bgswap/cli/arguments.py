"""Argument parsers of the commands, and of the form without a command."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import bgswap
from bgswap.cli import commands
from bgswap.cli.running import Parser
from bgswap.option import Option
from bgswap.options import SwapOptions, rows
from bgswap.settings import Models

EPILOG = "Exit status: 0 done, 1 internal failure, 2 bad input, 3 no person detected."
METAVARS = {int: "N", float: "X", str: "TEXT", Path: "FILE"}


def parse(arguments: Sequence[str], table: type[SwapOptions] = SwapOptions) -> argparse.Namespace:
    """Parse a command line; the attribute ``run`` of the result is the command's function.

    Args:
        arguments: a command and its arguments; or, without a command, those of a photo.
        table: the options of a swap.

    Raises:
        BadInput: they cannot be parsed.
        SystemExit: after printing help.
    """
    first = arguments[0] if arguments else ""
    if first in COMMANDS or first in ("-h", "--help", "--version"):
        return command_parser(table).parse_args(arguments)
    return photo_parser(table).parse_args(arguments)


def command_parser(table: type[SwapOptions] = SwapOptions) -> argparse.ArgumentParser:
    """The parser of ``bgswap COMMAND ...``."""
    parser = Parser(
        prog="bgswap",
        description="Replace everything behind the people in a photo. Without a command: "
        "PHOTO --prompt TEXT is swap, PHOTO --list is people. Many photos: bgswap batch --help.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"bgswap {bgswap.__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, (run, what, add) in COMMANDS.items():
        command = subparsers.add_parser(name, help=what, description=f"{what}.", epilog=EPILOG)
        add(command, table)
        command.set_defaults(run=run, table=table)
    return parser


def photo_parser(table: type[SwapOptions] = SwapOptions) -> argparse.ArgumentParser:
    """The parser of ``python -m bgswap PHOTO --prompt TEXT`` and ``PHOTO --list``."""
    parser = Parser(prog="python -m bgswap", epilog=EPILOG)
    parser.add_argument("--list", action="store_true", help="only list who is in the photo")
    parser.add_argument("--prompt", metavar="TEXT", help="the scene, in words")
    _add_swap_arguments(parser, table)
    parser.set_defaults(run=commands.photo, table=table)
    return parser


def _add_swap(parser: argparse.ArgumentParser, table: type[SwapOptions]) -> None:
    parser.add_argument("--prompt", metavar="TEXT", help="the scene, in words")
    _add_swap_arguments(parser, table)


def _add_swap_arguments(parser: argparse.ArgumentParser, table: type[SwapOptions]) -> None:
    _add_photo(parser)
    _add_people(parser)
    _add_output(parser, "PNG, JPEG or WebP (default: PHOTO-swapped.png)")
    parser.add_argument(
        "--cutout",
        type=Path,
        metavar="FILE",
        help="the kept people as RGBA PNG or WebP, at the photo's size",
    )
    parser.add_argument(
        "--mask-out", type=Path, metavar="FILE", help="their mask, at the photo's size"
    )
    for option in rows(table).values():
        _add_option(parser, option)
    _add_common(parser)


def _add_option(parser: argparse.ArgumentParser, option: Option) -> None:
    kind = METAVARS[option.type]
    parser.add_argument(
        option.flag,
        type=option.type,
        default=option.default,
        choices=None if option.choices is None else list(option.choices),
        metavar=None if option.choices is not None else kind,
        help=option.described().replace("%", "%%"),
    )


def _add_find(parser: argparse.ArgumentParser, table: type[SwapOptions]) -> None:
    _add_photo(parser)
    _add_common(parser)


def _add_cutout(parser: argparse.ArgumentParser, table: type[SwapOptions]) -> None:
    _add_photo(parser)
    _add_people(parser)
    _add_output(parser, "PNG or WebP (default: PHOTO-cutout.png)")
    for name in ("keep_mask", "remove_mask"):
        _add_option(parser, rows(table)[name])
    _add_common(parser)


def _add_serve(parser: argparse.ArgumentParser, table: type[SwapOptions]) -> None:
    parser.add_argument("--host", metavar="NAME", help="default: GRADIO_SERVER_NAME or 127.0.0.1")
    parser.add_argument(
        "--port",
        type=int,
        metavar="N",
        help="default: GRADIO_SERVER_PORT or the first free of 7860",
    )
    _add_models(parser)


def _add_list(parser: argparse.ArgumentParser, table: type[SwapOptions]) -> None:
    parser.add_argument(
        "--prepare",
        action="store_true",
        help="convert the scene model for this CPU by OpenVINO, which takes minutes",
    )
    _add_option(parser, rows(table)["preset"])
    _add_common(parser)


def _add_nothing(parser: argparse.ArgumentParser, table: type[SwapOptions]) -> None:
    pass


def _add_photo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("photo", metavar="PHOTO", help="a picture file")


def _add_people(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--people",
        default="all",
        metavar="1,3",
        help="who stays, by number, or largest (default: all)",
    )


def _add_output(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--output", type=Path, metavar="FILE", help=what)


def _add_common(parser: argparse.ArgumentParser) -> None:
    _add_models(parser)
    parser.add_argument("--json", action="store_true", help="print the details as JSON")
    parser.add_argument("--verbose", action="store_true", help="log to standard error")


def _add_models(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--models", choices=get_args(Models), help="default: BGSWAP_MODELS or auto")


Add = Callable[[argparse.ArgumentParser, type[SwapOptions]], None]
# By name of the command: its function, its help text, and what adds its arguments.
COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], None], str, Add]] = {
    "swap": (commands.swap, "Replace everything behind the people by a scene", _add_swap),
    "people": (commands.people, "List who is in a photo", _add_find),
    "cutout": (commands.cutout, "Write the kept people as RGBA PNG", _add_cutout),
    "serve": (commands.serve, "Serve the page, the API and the MCP tools", _add_serve),
    "models": (commands.models, "List weights with source, license and size", _add_list),
    "warm-up": (
        commands.warm_up,
        "Compile the matting library, so that the first photo is not slow",
        _add_nothing,
    ),
}
