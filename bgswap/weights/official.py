"""Official Ultralytics files: in the cache folder, or fetched by ultralytics' own download."""

from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from bgswap.errors import ModelUnavailable
from bgswap.settings import Settings
from bgswap.weights.checks import Broken, Incomplete
from bgswap.weights.sources import Official


def cached(source: Official, cache: Path) -> Path:
    """The path of a file that was fetched before.

    Raises:
        Incomplete: it was not.
        Broken: it is not whole.
    """
    path = cache / source.file
    if not path.is_file():
        raise Incomplete(f"{source.file} is not in {cache}")
    check_file(path)
    return path


def check_file(path: Path) -> None:
    """Check that a PyTorch file has its table of contents, which stands at its end.

    Raises:
        Broken: it has none, so it was cut off or is something else.
    """
    try:
        with ZipFile(path) as archive:
            archive.infolist()
    except (BadZipFile, OSError) as error:
        raise Broken(f"{path.name} is damaged: {error}") from error


def fetch(source: Official, settings: Settings, progress: Callable[[float | None], None]) -> None:
    """Fetch a file into the cache folder."""
    raise ModelUnavailable("downloads are not built yet")
