"""The location of a source's weights on disk."""

from pathlib import Path

from bgswap.models import hub, official
from bgswap.models.checks import Incomplete, check_folder
from bgswap.models.roles import Role
from bgswap.models.sources import Hub, Local, Official, Source


def locate(role: Role, source: Source, cache: Path) -> Path:
    """The folder, or the official file, of complete weights on disk; sends no request.

    Args:
        role: of the model.
        source: of the weights.
        cache: the folder of official files.

    Raises:
        Incomplete: a file is missing.
        Broken: a file is damaged.
    """
    if isinstance(source, Local):
        check_folder(role, source.path)
        return source.path
    if isinstance(source, Hub):
        return hub.cached(role, source)
    if isinstance(source, Official):
        return official.cached(source, cache)
    raise Incomplete(f"{source} needs no weights")
