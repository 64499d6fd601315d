"""The sources of weights that a setting can name."""

import re
from dataclasses import dataclass
from pathlib import Path

from bgswap.errors import BadInput
from bgswap.models.registry import registered

_OFFICIAL = re.compile(r"yolov8[nsmlx]-seg\.pt")
_PICKLES = {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"}
# Names as the Hub allows them: no "..", no "--", nothing but letters, digits, "-", "_" and ".".
_NAME = r"(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
_REPO = re.compile(rf"(?P<repo>{_NAME}/{_NAME})(?:@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True)
class Local:
    """A folder on disk."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Official:
    """A file that Ultralytics publishes."""

    file: str

    def __str__(self) -> str:
        return self.file


@dataclass(frozen=True)
class Hub:
    """A model repository on the Hub; revision None: its main branch."""

    repo: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo


@dataclass(frozen=True)
class Registered:
    """A model that a program registered under a name (:func:`bgswap.models.registry.register`)."""

    name: str

    def __str__(self) -> str:
        return self.name


Source = Local | Official | Hub | Registered


def parse(role: str, text: str) -> Source | None:
    """Parse a setting: a registered name, a folder, ``owner/name[@revision]``, an official file.

    Returns:
        The source; None for an empty text, which means the starter.

    Raises:
        BadInput: it is none of these, or a pickle that is not an official file.
    """
    if not text:
        return None
    if registered(role, text):
        return Registered(text)
    if role == "person_detector" and _OFFICIAL.fullmatch(text):
        return Official(text)
    variable = f"BGSWAP_{role.upper()}"
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise BadInput(f"{variable} names a home directory that does not exist: {text!r}") from None
    if path.suffix.lower() in _PICKLES:
        official = ", official file names such as yolov8m-seg.pt" * (role == "person_detector")
        raise BadInput(
            f"{variable} names {text!r}, a pickle, which can run code when it is loaded; "
            f"expected a folder with safetensors, owner/name or owner/name@revision{official}"
        )
    if path.is_absolute() or text.startswith(("./", "../")) or path.is_dir():
        return Local(path)
    match = _REPO.fullmatch(text)
    if not match or ".." in text:
        raise BadInput(
            f"{variable} must be a folder, owner/name or owner/name@revision, got {text!r}"
        )
    return Hub(match["repo"], match["revision"])
