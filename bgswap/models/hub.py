"""Models on the Hugging Face Hub: located in its cache, or downloaded and checked."""

import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from bgswap.errors import ModelUnavailable
from bgswap.models import process
from bgswap.models.checks import Incomplete, check_folder, entry_file
from bgswap.models.deadline import raise_if_unreachable
from bgswap.models.hub_api import endpoint
from bgswap.models.roles import Role, layout_of
from bgswap.models.sources import Hub
from bgswap.settings import Settings

# Seconds without progress after which a download is ended. huggingface_hub reports progress every
# 10 MB, so a connection below 100 kB/s is too slow.
STALL_TIMEOUT = 120.0
DOWNLOAD = [sys.executable, "-m", f"{__package__}.hub_download"]


def cached(role: Role, source: Hub) -> Path:
    """The folder of a model in huggingface_hub's cache, at its revision.

    Raises:
        Incomplete: a file is missing.
        Broken: a file is damaged.
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
    """Download a model into huggingface_hub's cache and check every file against its hash.

    Only missing and damaged files are downloaded, in a separate process
    (:mod:`bgswap.models.hub_download`).

    Raises:
        ModelUnavailable: the download failed; the message continues a sentence about the model.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        raise ModelUnavailable("it is not in the cache, and HF_HUB_OFFLINE is set")
    raise_if_unreachable(urlsplit(endpoint()).netloc)
    half = str(layout_of(role) == "pipeline" and _prefers_half(settings.device))
    command = [*DOWNLOAD, role, source.repo, source.revision or "", str(settings.hub_timeout), half]
    process.run(
        command, STALL_TIMEOUT, progress, environment={"HF_HUB_CACHE": constants.HF_HUB_CACHE}
    )


def _prefers_half(device: str) -> bool:
    if device != "auto":
        return device == "cuda"
    import torch

    return torch.cuda.is_available()
