"""Downloads one model from the Hub: ``python -m bgswap.models.hub_download ROLE REPO ...``.

Run by :mod:`bgswap.models.hub`, which reads the progress from standard output.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgswap.errors import ModelUnavailable
from bgswap.models.checks import Broken, Incomplete, check_folder, entry_file, read_index
from bgswap.models.hub_api import (
    RateLimited,
    endpoint,
    explain_error,
    fail_on_rate_limit,
    fetch_model_info,
)
from bgswap.models.hub_files import pipeline_files, single_files
from bgswap.models.process import end_with_parent, send_error, send_line
from bgswap.models.roles import Role, layout_of
from bgswap.models.sources import Hub

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling
    from tqdm import tqdm


def fetch(role: Role, source: Hub, timeout: float, half: bool) -> None:
    """Download the missing and damaged files of a model, and check them.

    Args:
        role: of the model.
        source: its repository.
        timeout: seconds to wait for an answer of the Hub.
        half: prefer 16 bit weights.

    Raises:
        ModelUnavailable: the download failed; the message continues a sentence about the model.
    """
    from huggingface_hub.errors import HTTPError

    fail_on_rate_limit()
    try:
        folder = _fetch_files(role, source, timeout, half)
        check_folder(role, folder)
    except (Incomplete, Broken, RateLimited) as error:
        raise ModelUnavailable(str(error)) from error
    except (HTTPError, OSError) as error:
        raise ModelUnavailable(f"the download broke off: {explain_error(error)}") from error


def _fetch_files(role: Role, source: Hub, timeout: float, half: bool) -> Path:
    info = fetch_model_info(source, timeout)
    files = {sibling.rfilename: sibling for sibling in info.siblings or []}
    entry = entry_file(role)
    if entry not in files:
        raise ModelUnavailable(f"it has no {entry}")
    # The first file by the revision's name, which records its commit in the cache; the others by
    # that commit. The first file is small, except for a LoRA, which is a single file.
    meter = _Meter((files[entry].size or 0) if layout_of(role) == "lora" else 0)
    first = _fetch_file(source.repo, source.revision, files[entry], timeout, meter)
    folder = first.parent
    if folder.name != info.sha:
        raise ModelUnavailable("it was changed on the Hub while it was fetched")
    wanted = _wanted(role, folder, set(files), half)
    wanted.remove(entry)
    if layout_of(role) != "lora":
        meter = _Meter(sum(files[name].size or 0 for name in wanted))
    for name in wanted:
        _fetch_file(source.repo, info.sha, files[name], timeout, meter)
    return folder


def _wanted(role: Role, folder: Path, available: set[str], half: bool) -> list[str]:
    if layout_of(role) != "pipeline":
        return single_files(role, available)
    return pipeline_files(read_index(folder), available, half)


class _Meter:
    """Counts the bytes received, and reports them as a fraction of ``total``."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def add(self, count: float | None) -> None:
        self.done += int(count or 0)
        send_line(fraction=min(self.done / self.total, 1.0) if self.total else None)

    def bar(self) -> "type[tqdm]":
        """A progress bar for huggingface_hub that feeds this meter and draws nothing."""
        from huggingface_hub.utils import tqdm

        add = self.add

        class Bar(tqdm):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **{**options, "disable": True})
                add(options.get("initial"))

            def update(self, n: float | None = 1) -> None:
                add(n)

        return Bar


def _fetch_file(
    repo: str, revision: str | None, file: "RepoSibling", timeout: float, meter: _Meter
) -> Path:
    """Download one file or take it from the cache; once more where its hash is wrong."""
    from huggingface_hub import constants, hf_hub_download

    for again in (False, True):
        downloaded = hf_hub_download(
            repo,
            file.rfilename,
            revision=revision,
            cache_dir=constants.HF_HUB_CACHE,
            endpoint=endpoint(),
            etag_timeout=timeout,
            force_download=again,
            tqdm_class=meter.bar(),
        )
        path = Path(downloaded)
        if _has_announced_hash(path, file):
            return path
        path.resolve().unlink()
        path.unlink(missing_ok=True)
    raise ModelUnavailable(f"{file.rfilename} is not what the Hub announced")


def _has_announced_hash(path: Path, file: "RepoSibling") -> bool:
    from huggingface_hub.utils.sha import git_hash, sha_fileobj

    if file.lfs is not None:
        with path.open("rb") as content:
            return sha_fileobj(content).hex() == file.lfs.sha256
    return file.blob_id is None or git_hash(path.read_bytes()) == file.blob_id


def main(role: Role, repo: str, revision: str, timeout: str, half: str) -> None:
    """Download a model and report an error to the parent process."""
    end_with_parent()
    try:
        fetch(role, Hub(repo, revision or None), float(timeout), half == "True")
    except ModelUnavailable as error:
        send_error(error)


if __name__ == "__main__":
    main(*sys.argv[1:])
