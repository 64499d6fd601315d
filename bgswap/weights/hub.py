"""Models on the Hugging Face Hub: found in its cache, or probed, fetched and checked."""

from collections.abc import Callable
from pathlib import Path

from bgswap.errors import ModelUnavailable
from bgswap.settings import Settings
from bgswap.weights.checks import Incomplete, check_folder, entry_file
from bgswap.weights.sources import Hub, Role


def cached(role: Role, source: Hub) -> Path:
    """The folder of a model in huggingface_hub's cache, at its revision.

    Raises:
        Incomplete: it is not there, or not all of it.
        Broken: a file of it is damaged.
    """
    from huggingface_hub import constants, try_to_load_from_cache

    entry = try_to_load_from_cache(
        source.repo, entry_file(role), cache_dir=constants.HF_HUB_CACHE, revision=source.revision
    )
    if not isinstance(entry, str):
        raise Incomplete(f"{source} is not in the cache")
    folder = Path(entry).parent
    check_folder(role, folder)
    return folder


def fetch(
    role: Role, source: Hub, settings: Settings, progress: Callable[[float | None], None]
) -> None:
    """Fetch a model into huggingface_hub's cache."""
    raise ModelUnavailable("downloads are not built yet")
