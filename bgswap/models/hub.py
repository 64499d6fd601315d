"""Models on the Hugging Face Hub: found in its cache, or fetched and checked."""

import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from bgswap.errors import ModelUnavailable
from bgswap.models import process
from bgswap.models.checks import Incomplete, check_folder, entry_file
from bgswap.models.deadline import refuse_if_silent
from bgswap.models.hub_api import endpoint
from bgswap.models.roles import Hub, Role, layout_of
from bgswap.settings import Settings

# Seconds without a sign of life after which a download counts as dead. huggingface_hub tells of
# every 10 MB, so a line of less than 100 kB/s is too slow for it.
STALL = 120.0
DOWNLOAD = [sys.executable, "-m", f"{__package__}.hub_download"]


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
    """Fetch a model into huggingface_hub's cache, and check every file against the Hub's sums.

    What was fetched before and is whole is not fetched again; what is damaged is. All of it happens
    in a process of its own (:mod:`bgswap.models.hub_download`).

    Raises:
        ModelUnavailable: it cannot be had; the message is the end of a sentence about it.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise ModelUnavailable("it is not in the cache, and HF_HUB_OFFLINE is set")
    refuse_if_silent(urlsplit(endpoint()).netloc)
    half = str(layout_of(role) == "pipeline" and _prefers_half(settings.device))
    command = [*DOWNLOAD, role, source.repo, source.revision or "", str(settings.hub_timeout), half]
    process.run(command, STALL, progress, environment={"HF_HUB_CACHE": constants.HF_HUB_CACHE})


def _prefers_half(device: str) -> bool:
    if device != "auto":
        return device == "cuda"
    import torch

    return torch.cuda.is_available()
