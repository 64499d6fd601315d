"""The outcome of each of several photos as a table and as a manifest."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from html import escape


@dataclass(frozen=True)
class Row:
    """What became of one photo: a line of the manifest.

    Attributes:
        photo: name of the file that was sent.
        file: of its result in the zip; empty where there is none.
        kept: how many people stay.
        seed: of the scene.
        seconds: from opening the photo to the written result.
        notes: in words, wherever less was done than was asked.
        error: one sentence; empty where the result is there.
    """

    photo: str
    file: str = ""
    kept: int = 0
    seed: int | None = None
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    error: str = ""


def manifest(rows: Sequence[Row]) -> str:
    """The rows as CSV with a header; spreadsheets tell UTF-8 by its first character."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.name for column in fields(Row)])
    for row in rows:
        writer.writerow([*(asdict(row) | {"notes": "; ".join(row.notes)}).values()])
    return f"\ufeff{text.getvalue()}"


def table(rows: Sequence[Row]) -> str:
    """The rows as HTML, the newest first; every text is escaped."""
    cells = "".join(_line(row) for row in reversed(rows))
    head = "<tr><th>Photo</th><th>Result</th><th>Seed</th><th>Time</th></tr>"
    return (
        f'<div class="many-rows"><table><thead>{head}</thead><tbody>{cells}</tbody></table></div>'
    )


def _line(row: Row) -> str:
    kept = "1 person" if row.kept == 1 else f"{row.kept} people"
    said = row.error or ". ".join([kept, *row.notes])
    seed = "" if row.seed is None else str(row.seed)
    cells = (row.photo, said, seed, f"{row.seconds:.0f} s" if row.seconds else "")
    kind = "bad" if row.error else "good"
    return f'<tr class="{kind}">' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def minutes(seconds: float) -> str:
    """A while in words: ``40 s`` or ``12 min``."""
    return f"{max(1, seconds):.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
