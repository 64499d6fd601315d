"""Job files with one row a photo: CSV with a header, or JSON Lines."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from bgswap.batch.inputs import Found
from bgswap.errors import BadInput
from bgswap.options import rows

# Options that job files do not have as such: background has a column, format is the command's.
NOT_COLUMNS = {"background", "background_picture", "format"}
OPTIONS = tuple(name for name in rows() if name not in NOT_COLUMNS)
# Options that name a file.
FILES = {"keep_mask", "remove_mask"}
COLUMNS = ("path", "prompt", "background", "people", *OPTIONS)


@dataclass(frozen=True)
class Row:
    """One photo and its request; values that a row leaves out are those of the command.

    Attributes:
        photo: the file.
        prompt: the scene in words; None: the command's.
        background: a background other than a scene; None: the command's.
        people: the people to keep; None: the command's.
        options: fields of :class:`SwapOptions` by name, unchecked.
        folder: base of relative paths of backgrounds.
        where: file and line, for messages; empty where the photo was named on the command line.
    """

    photo: Found
    prompt: str | None = None
    background: str | None = None
    people: str | Sequence[int] | None = None
    options: Mapping[str, Any] | None = None
    folder: Path = Path()
    where: str = ""


def read_rows(path: Path) -> list[Row]:
    """The rows of a job file.

    Columns (keys) are ``path``, ``prompt``, ``background``, ``people`` and the fields of
    :class:`SwapOptions`; paths are relative to this file's folder; an empty cell or null means that
    the value is left out.

    Args:
        path: ending in .csv, or .jsonl or .ndjson.

    Raises:
        BadInput: it cannot be read, has an unknown column, or a row without a photo.
    """
    readers = {".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadInput(f"a job file ends in .csv or .jsonl: {path}")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = [_row(cells, path, where) for where, cells in reader(file, path.name)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadInput(f"the job file {path} cannot be read: {reason}") from None
    if not found:
        raise BadInput(f"the job file {path} has no rows")
    return found


def option_value(name: str, text: str) -> Any:
    """A text converted to the option's type; the text itself where that is not possible."""
    try:
        return rows()[name].type(text)
    except ValueError:
        return text


def absolute(options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Options whose relative files start from ``folder``, as every worker reads them."""
    changed = dict(options)
    for name in FILES & changed.keys():
        if isinstance(changed[name], str | Path):
            changed[name] = (folder / Path(changed[name]).expanduser()).absolute()
    return changed


def _csv(file: TextIO, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    reader = csv.DictReader(file, strict=True)
    for cells in reader:
        where = f"{name}, line {reader.line_num}"
        if None in cells:
            raise BadInput(f"{where}: more cells than the header has columns")
        filled = {k.strip(): v.strip() for k, v in cells.items() if v and v.strip()}
        yield (
            where,
            {k: option_value(k, v) if k in OPTIONS else v for k, v in filled.items()},
        )


def _json_lines(file: TextIO, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(file, 1):
        where = f"{name}, line {number}"
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except ValueError:
            raise BadInput(f"{where}: it is not JSON") from None
        if not isinstance(cells, dict):
            raise BadInput(f"{where}: expected a JSON object")
        yield where, {k: v for k, v in cells.items() if v is not None}


def _row(cells: dict[str, Any], file: Path, where: str) -> Row:
    unknown = [name for name in cells if name not in COLUMNS]
    if unknown:
        raise BadInput(f"{where}: there is no column {unknown[0]!r}; known: {', '.join(COLUMNS)}")
    named = cells.get("path")
    if not isinstance(named, str):
        raise BadInput(f"{where}: the path of a photo is missing")
    for text in ("prompt", "background"):
        if not isinstance(cells.get(text, ""), str):
            raise BadInput(f"{where}: {text} must be text")
    path = (file.parent / Path(named).expanduser()).absolute()
    if not path.is_file():
        raise BadInput(f"{where}: there is no file {path}")
    inside = not Path(named).is_absolute() and ".." not in Path(named).parts and named[0] != "~"
    return Row(
        Found(path, Path(named) if inside else Path(path.name)),
        cells.get("prompt"),
        cells.get("background"),
        cells.get("people"),
        absolute({name: cells[name] for name in OPTIONS if name in cells}, file.parent),
        file.parent if "background" in cells else Path(),
        where,
    )
