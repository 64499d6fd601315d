"""All weights that may be used, with source, license and size: the content of ``bgswap models``."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bgswap.models import official
from bgswap.models.checks import Broken, Incomplete
from bgswap.models.on_disk import locate
from bgswap.models.roles import LICENSES, STARTER, Role, model_roles, source_of
from bgswap.models.sources import Hub, Official, Source
from bgswap.settings import Settings

UNKNOWN = "unknown"


@dataclass(frozen=True)
class WeightEntry:
    """The weights of one role from one source.

    Attributes:
        role: which model of the program they are for.
        title: of the role, to show.
        name: ``starter``, ``owner/name@revision``, ``yolov8m-seg.pt`` or a path.
        kind: ``full``, or ``starter`` for what ships with the program.
        source: an address, or a folder.
        license: as their card says; else that of their repository if known; else ``unknown``.
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
            entries.append(_entry(role, "starter", "starter", str(folder), folder, UNKNOWN))
        if row.packaged:
            file, license = row.packaged.path, row.packaged.license
            address = f"package {row.packaged.file}"
            entries.append(_entry(role, row.packaged.name, "starter", address, file, license))
    return entries


def _full(role: Role, source: Source, cache: Path) -> WeightEntry:
    path: Path | None = None
    with suppress(Incomplete, Broken):
        path = locate(role, source, cache)
    address, known = str(source), UNKNOWN
    if isinstance(source, Hub):
        address, known = f"https://huggingface.co/{source.repo}", LICENSES.get(source.repo, UNKNOWN)
    elif isinstance(source, Official):
        address, known = official.PROBE_URL, official.LICENSE
    return _entry(role, str(source), "full", address, path, known)


def _entry(
    role: Role,
    name: str,
    kind: Literal["full", "starter"],
    source: str,
    path: Path | None,
    known: str,
) -> WeightEntry:
    license = (path and _card_license(path)) or known
    size = None if path is None else _size(path)
    return WeightEntry(role, model_roles()[role].title, name, kind, source, license, size)


def _card_license(path: Path) -> str | None:
    """The license in the metadata of the card beside the weights; None where there is none."""
    from huggingface_hub import metadata_load
    from yaml import YAMLError

    try:
        card = metadata_load(path / "README.md") or {}
    except (OSError, ValueError, YAMLError):
        return None
    name = card.get("license")
    return str(card.get("license_name", name)) if name else None


def _size(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)
