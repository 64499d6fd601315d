"""The example photos of the page: the two that ultralytics ships."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def example_photos() -> tuple[Path, ...]:
    """Their files; none where the package has none."""
    # find_spec looks the package up without importing it: its import takes seconds.
    package = find_spec("ultralytics")
    if package is None or package.origin is None:
        return ()
    return tuple(sorted((Path(package.origin).resolve().parent / "assets").glob("*.jpg")))
