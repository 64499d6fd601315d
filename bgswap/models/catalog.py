"""All weights that may serve: where each comes from, under which licence, and how large it is."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bgswap.models import official
from bgswap.models.checks import Broken, Incomplete
from bgswap.models.on_disk import locate
from bgswap.models.roles import (
    LICENSES,
    STARTER,
    Hub,
    Official,
    Role,
    Source,
    model_roles,
    parse,
)
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
        license: as their card says; else as it is known of their repository; else ``unknown``.
        bytes: how much of the disk they take; None: they are not on this machine.
    """

    role: Role
    title: str
    name: str
    kind: Literal["full", "starter"]
    source: str
    license: str
    bytes: int | None


def catalog(settings: Settings, starter: Path = STARTER) -> list[WeightEntry]:
    """The full weights that the settings name and the starter's, role by role; asks no host.

    Args:
        settings: which sources; none but the starter's where they ask for the starter alone.
        starter: the folder of the weights that ship with the program.

    Raises:
        BadInput: a setting names nothing that weights can come from.
    """
    entries = []
    for role, row in model_roles().items():
        named = settings.repository(role)
        source = parse(role, row.repository if named is None else named)
        if source is not None and settings.models != "starter":
            entries.append(_full(role, row.title, source, settings.cache))
        if row.starter:
            folder = starter / row.starter
            license = _card_license(folder) or UNKNOWN
            size = _size(folder)
            entries.append(
                WeightEntry(role, row.title, "starter", "starter", str(folder), license, size)
            )
    return entries


def _full(role: Role, title: str, source: Source, cache: Path) -> WeightEntry:
    path: Path | None = None
    with suppress(Incomplete, Broken):
        path = locate(role, source, cache)
    address, license = str(source), UNKNOWN
    if isinstance(source, Hub):
        address = f"https://huggingface.co/{source.repo}"
        license = LICENSES.get(source.repo, UNKNOWN)
    elif isinstance(source, Official):
        address, license = official.PROBE, official.LICENSE
    if path is not None:
        license = _card_license(path) or license
    size = None if path is None else _size(path)
    return WeightEntry(role, title, str(source), "full", address, license, size)


def _card_license(path: Path) -> str | None:
    """The licence in the metadata of the card beside weights; None where there is none."""
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
