"""Limits on a request of several photos: number, total size, and who stays in each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bgswap import BadInput, Settings
from bgswap.ui.guard import uploaded_path

PEOPLE = {"all": "Everyone", "largest": "The largest person"}


@dataclass(frozen=True)
class Bounds:
    """How many photos one request may have.

    Attributes:
        photos: their number.
        megabytes: of all their files together.
    """

    photos: int
    megabytes: float

    @classmethod
    def of(cls, settings: Settings) -> "Bounds":
        """The bounds that the settings name."""
        return cls(int(settings.most_photos), settings.most_megabytes)

    def check(self, files: Any, cache: str | Path) -> list[Path]:
        """The paths of the photos of a request.

        Args:
            files: Gradio's FileData as dicts.
            cache: Gradio's upload folder.

        Raises:
            BadInput: there are none or too many, they are too large together, or one is no
                uploaded file.
        """
        if not isinstance(files, (list, tuple)) or not files:
            raise BadInput("photos must be a list of at least one uploaded picture file")
        if len(files) > self.photos:
            raise BadInput(f"{self.photos} photos at most may come together, got {len(files)}")
        paths = [uploaded_path(file, cache, "photos") for file in files]
        size = sum(path.stat().st_size for path in paths) / 1e6
        if size > self.megabytes:
            raise BadInput(
                f"The photos may have {self.megabytes:g} MB together at most, got {size:.0f} MB"
            )
        return paths


def check_people_choice(people: Any) -> str:
    """Who stays in every photo, ``all`` or ``largest``.

    Raises:
        BadInput: it is neither; the numbers of one photo say nothing of the next.
    """
    word = people.strip().lower() if isinstance(people, str) else ""
    if word not in PEOPLE:
        raise BadInput(f"people must be one of {', '.join(PEOPLE)} for several photos: {people!r}")
    return word
