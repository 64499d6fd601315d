"""All weights that may be used, with source, license and size: the content of ``bgswap models``."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bgswap.models import official
from bgswap.models.checks import Broken, Incomplete
from bgswap.models.licenses import license_of
from bgswap.models.on_disk import locate
from bgswap.models.roles import STARTER, Role, model_roles, source_of
from bgswap.models.sources import Hub, Official, Registered, Source
from bgswap.settings import Settings


@dataclass(frozen=True)
class WeightEntry:
    """The weights of one role from one source.

    Attributes:
        role: which model of the program they are for.
        title: of the role, to show.
        name: ``starter``, ``owner/name@revision``, ``yolov8m-seg.pt`` or a path.
        kind: ``full``, or ``starter`` for what ships with the program.
        source: an address, or a folder.
        license: see :func:`bgswap.models.licenses.license_of`.
        bytes: size on disk; None: they are not on this machine.
    """

    role: Role
    title: str
    name: str
    kind: Literal["full", "starter"]
    source: str
    license: str
    bytes: int | None


def catalog(settings: Settings, starter: Path = STARTER) -> list[WeightEntry]:
    """The full weights that the settings name and the starter's, by role; sends no request.

    Args:
        settings: the sources; with ``models="starter"`` the starter's weights alone.
        starter: the folder of the weights that ship with the program.

    Raises:
        BadInput: a setting names no valid source of weights.
    """
    entries = []
    for role, row in model_roles().items():
        source = source_of(role, settings)
        if source is not None and settings.models != "starter":
            entries.append(_full(role, source, settings.cache))
        if row.starter:
            folder = starter / row.starter
            entries.append(_entry(role, "starter", "starter", str(folder), folder))
        if row.packaged:
            name, file = row.packaged.name, row.packaged.path
            address, source = f"package {row.packaged.file}", Registered(name)
            entries.append(_entry(role, name, "starter", address, file, source))
    return entries


def _full(role: Role, source: Source, cache: Path) -> WeightEntry:
    path: Path | None = None
    with suppress(Incomplete, Broken):
        path = locate(role, source, cache)
    address = str(source)
    if isinstance(source, Hub):
        address = f"https://huggingface.co/{source.repo}"
    elif isinstance(source, Official):
        address = official.PROBE_URL
    return _entry(role, str(source), "full", address, path, source)


def _entry(
    role: Role,
    name: str,
    kind: Literal["full", "starter"],
    address: str,
    path: Path | None,
    source: Source | None = None,
) -> WeightEntry:
    size = None if path is None else _size(path)
    title, license = model_roles()[role].title, license_of(source, path)
    return WeightEntry(role, title, name, kind, address, license, size)


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)
