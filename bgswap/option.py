"""One row of the table of options: its name, type, bounds, default, label and help text."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_type_hints

import numpy as np

from bgswap.errors import BadInput

LONGEST_TEXT = 1000

# Groups of controls on the page, in this order; controls of one group share a line.
Group = Literal["words", "scene", "light", "faces", "frame", "sampling"]


@dataclass(frozen=True)
class Option:
    """One row of the table.

    Attributes:
        label: of its control on the page.
        help: what it does, a phrase without a full stop.
        default: in Python, the API and the command line; None: chosen automatically.
        group: of its control on the page.
        page: initial value on the page; None: the default.
        bounds: minimum and maximum of a number.
        step: of the page's slider, for a float.
        choices: the allowed values, with their titles on the page.
        on_page: False: its control is not among the folded options of the page.
        placeholder: shown in an empty field of the page: an example, or the meaning of None.
        empty: the meaning of an empty text.
        name: of the field; filled in by :func:`read_rows`.
        type: ``int``, ``float``, ``str`` or ``Path`` (a picture file), as the field's annotation
            says; filled in by :func:`read_rows`.
    """

    label: str
    help: str
    default: Any
    group: Group
    page: Any = None
    bounds: tuple[float, float] = (-np.inf, np.inf)
    step: float = 0.05
    choices: Mapping[str, str] | None = None
    on_page: bool = True
    placeholder: str = ""
    empty: str = ""
    name: str = ""
    type: type = str

    @property
    def optional(self) -> bool:
        """Whether None is allowed."""
        return self.default is None

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def allowed(self) -> str:
        """The allowed values as text; empty for a text or a file."""
        if self.choices is not None:
            return ", ".join(self.choices)
        return "{:g} to {:.10g}".format(*self.bounds) if self.type in (int, float) else ""

    @property
    def default_text(self) -> str:
        """The default as text; empty where there is none to show."""
        if self.optional:
            return self.placeholder
        return f"{self.default:g}" if self.type in (int, float) else self.default or self.empty

    def described(self) -> str:
        """Its help with the allowed values and the default, one line."""
        parts = [self.allowed, self.default_text and f"default: {self.default_text}"]
        more = "; ".join(filter(None, parts))
        return f"{self.help} ({more})" if more else self.help

    def checked(self, value: Any) -> Any:
        """The value converted to the option's type.

        Raises:
            BadInput: the value is not allowed.
        """
        if value is None and self.optional:
            return None
        if self.choices is not None:
            if not isinstance(value, str) or value not in self.choices:
                raise BadInput(f"{self.name} must be one of {self.allowed}: {value!r}")
            return value
        if self.type is str:
            check_text(self.name, value)
            return value
        return self._file(value) if self.type is Path else self._number(value)

    def _file(self, value: Any) -> Path:
        if not isinstance(value, (str, Path)) or not str(value):
            raise BadInput(f"{self.name} must be the path of a file, got {type(value).__name__}")
        return Path(value)

    def _number(self, value: Any) -> int | float:
        whole, (low, high) = self.type is int, self.bounds
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if not number or not low <= value <= high or (whole and value != int(value)):
            kind = "a whole number" if whole else "a number"
            raise BadInput(f"{self.name} must be {kind} from {self.allowed}, got {value!r}")
        return int(value) if whole else float(value)


def row(option: Option) -> Any:
    """A field of a table of options: a frozen dataclass whose every field is made by this."""
    return field(default=option.default, metadata={"option": option})


def read_rows(table: type) -> dict[str, Option]:
    """The rows of a table by name, in the order of its fields.

    Args:
        table: a dataclass whose every field is made by :func:`row`.
    """
    hints = get_type_hints(table)
    return {
        entry.name: replace(
            entry.metadata["option"], name=entry.name, type=_plain(hints[entry.name])
        )
        for entry in fields(table)
    }


def _plain(hint: Any) -> Any:
    """``int`` for ``int | None``."""
    return next((kind for kind in get_args(hint) if kind is not NoneType), hint)


def check_text(name: str, text: Any) -> None:
    """Check a free text.

    Raises:
        BadInput: it is not a string, holds a lone surrogate, or is too long.
    """
    if not isinstance(text, str):
        raise BadInput(f"{name} must be text, got {type(text).__name__}")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadInput(f"{name} holds half a character (a lone surrogate): write it again")
    if len(text) > LONGEST_TEXT:
        raise BadInput(f"{name} may have {LONGEST_TEXT} characters at most, got {len(text)}")
