"""Where a source's weights lie on this machine."""

from pathlib import Path

from bgswap.models import hub, official
from bgswap.models.checks import Incomplete, check_folder
from bgswap.models.roles import Hub, Local, Official, Role, Source


def locate(role: Role, source: Source, cache: Path) -> Path:
    """The folder, or the official file, of weights that are whole on disk; asks no host.

    Args:
        role: what they are for.
        source: where they come from.
        cache: the folder of official files.

    Raises:
        Incomplete: they are not there, or not all of them.
        Broken: a file of theirs is damaged.
    """
    if isinstance(source, Local):
        check_folder(role, source.path)
        return source.path
    if isinstance(source, Hub):
        return hub.cached(role, source)
    if isinstance(source, Official):
        return official.cached(source, cache)
    raise Incomplete("it needs no weights")
