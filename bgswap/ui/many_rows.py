"""What became of each of several photos, and the manifest that says so."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields


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
