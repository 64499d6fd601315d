"""Models on the Hugging Face Hub: found in its cache, or fetched and checked."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bgswap.errors import ModelUnavailable
from bgswap.settings import Settings
from bgswap.weights.checks import Broken, Incomplete, check_folder, entry_file, read_index
from bgswap.weights.hub_api import describe, endpoint, why
from bgswap.weights.probe import within
from bgswap.weights.selection import pipeline_files, single_files
from bgswap.weights.sources import Hub, Role

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo
    from huggingface_hub.hf_api import RepoSibling
    from tqdm import tqdm

ProgressHook = Callable[[float], None]

# Seconds without a sign of life after which a download counts as dead. huggingface_hub tells of
# every 10 MB, so a line of less than 100 kB/s is too slow for it.
STALL = 120.0


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


def fetch(role: Role, source: Hub, settings: Settings, progress: ProgressHook) -> None:
    """Fetch a model into huggingface_hub's cache, and check every file against the Hub's sums.

    What was fetched before and is whole is not fetched again; what is damaged is.

    Raises:
        ModelUnavailable: it cannot be had; the message is the end of a sentence about it.
    """
    from huggingface_hub.errors import HTTPError

    info = describe(source, settings.hub_timeout)
    try:
        folder = _fetch_files(role, source, info, settings, progress)
        check_folder(role, folder)
    except (Incomplete, Broken) as error:
        raise ModelUnavailable(str(error)) from error
    except TimeoutError as error:
        raise ModelUnavailable(f"the download broke off: {error}") from error
    except (HTTPError, OSError) as error:
        raise ModelUnavailable(f"the download broke off: {why(error)}") from error


def _fetch_files(
    role: Role, source: Hub, info: "ModelInfo", settings: Settings, progress: ProgressHook
) -> Path:
    force = _damaged(role, source)
    files = {sibling.rfilename: sibling for sibling in info.siblings or []}
    entry = entry_file(role)
    if entry not in files:
        raise ModelUnavailable(f"it has no {entry}")
    # By its name, which also writes down which commit that name stands for; the rest by commit.
    timeout = settings.hub_timeout
    # The first file is small, but for a LoRA, which is all of it.
    meter = _Meter((files[entry].size or 0) if role == "scene_lora" else 0, progress)
    first = _fetch_file(source.repo, source.revision, files[entry], timeout, force, meter)
    folder = first.parent
    if folder.name != info.sha:
        raise ModelUnavailable("it was changed on the Hub while it was fetched")
    wanted = _wanted(role, folder, set(files), settings)
    wanted.remove(entry)
    if role != "scene_lora":
        meter = _Meter(sum(files[name].size or 0 for name in wanted), progress)
    for name in wanted:
        _fetch_file(source.repo, info.sha, files[name], timeout, force, meter)
    return folder


def _damaged(role: Role, source: Hub) -> bool:
    try:
        cached(role, source)
    except Incomplete:
        return False
    except Broken:
        return True
    return False


def _wanted(role: Role, folder: Path, available: set[str], settings: Settings) -> list[str]:
    if role == "scene_lora" or not role.startswith("scene_"):
        return single_files(role, available)
    half = settings.device == "cuda"
    if settings.device == "auto":
        import torch

        half = torch.cuda.is_available()
    return pipeline_files(read_index(folder), available, half)


class _Meter:
    """Counts the bytes that come in, and tells which part of ``total`` that is."""

    def __init__(self, total: int, progress: ProgressHook) -> None:
        self.total = total
        self.progress = progress
        self.done = 0
        self.heard = 0.0

    def add(self, count: float | None) -> None:
        self.done += int(count or 0)
        self.heard = time.monotonic()
        if self.total:
            self.progress(min(self.done / self.total, 1.0))

    def bar(self) -> "type[tqdm]":
        """A progress bar for huggingface_hub that feeds this meter and draws nothing."""
        from huggingface_hub.utils import tqdm

        add = self.add

        class Bar(tqdm):
            def __init__(self, *args: object, **options: object) -> None:
                super().__init__(*args, **{**options, "disable": True})
                add(options.get("initial"))

            def update(self, n: float | None = 1) -> None:
                add(n)

        return Bar


def _fetch_file(
    repo: str, revision: str | None, file: "RepoSibling", timeout: float, force: bool, meter: _Meter
) -> Path:
    """Fetch one file; where it is not what the Hub announced, once more, and then no more."""
    from huggingface_hub import constants, hf_hub_download

    for again in (force, True):
        download = partial(
            hf_hub_download,
            repo,
            file.rfilename,
            revision=revision,
            cache_dir=constants.HF_HUB_CACHE,
            endpoint=endpoint(),
            etag_timeout=timeout,
            force_download=again,
            tqdm_class=meter.bar(),
        )
        # huggingface_hub asks a host that has gone silent for six minutes before it gives up.
        path = Path(within(STALL, download, lambda: meter.heard))
        if _as_announced(path, file):
            return path
        path.resolve().unlink()
        path.unlink(missing_ok=True)
    raise ModelUnavailable(f"{file.rfilename} is not what the Hub announced")


def _as_announced(path: Path, file: "RepoSibling") -> bool:
    from huggingface_hub.utils.sha import git_hash, sha_fileobj

    if file.lfs is not None:
        with path.open("rb") as content:
            return sha_fileobj(content).hex() == file.lfs.sha256
    return file.blob_id is None or git_hash(path.read_bytes()) == file.blob_id
