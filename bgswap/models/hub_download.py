"""Fetches one model from the Hub: ``python -m bgswap.models.hub_download ROLE REPO REVISION ...``.

Run by :mod:`bgswap.models.hub`, which hears of the progress by the lines that it prints.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgswap.errors import ModelUnavailable
from bgswap.models.checks import Broken, Incomplete, check_folder, entry_file, read_index
from bgswap.models.hub_api import RateLimited, describe, endpoint, refuse_to_wait, why
from bgswap.models.hub_files import pipeline_files, single_files
from bgswap.models.process import end_with_parent, tell, tell_of
from bgswap.models.roles import Hub, Role, layout_of

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling
    from tqdm import tqdm


def fetch(role: Role, source: Hub, timeout: float, half: bool) -> None:
    """Fetch what is missing or damaged of a model, and check it.

    Args:
        role: what the model is for.
        source: where it is.
        timeout: seconds that the Hub has for an answer.
        half: prefer 16 bit weights.

    Raises:
        ModelUnavailable: it cannot be had; the message is the end of a sentence about it.
    """
    from huggingface_hub.errors import HTTPError

    refuse_to_wait()
    try:
        folder = _fetch_files(role, source, timeout, half)
        check_folder(role, folder)
    except (Incomplete, Broken, RateLimited) as error:
        raise ModelUnavailable(str(error)) from error
    except (HTTPError, OSError) as error:
        raise ModelUnavailable(f"the download broke off: {why(error)}") from error


def _fetch_files(role: Role, source: Hub, timeout: float, half: bool) -> Path:
    info = describe(source, timeout)
    files = {sibling.rfilename: sibling for sibling in info.siblings or []}
    entry = entry_file(role)
    if entry not in files:
        raise ModelUnavailable(f"it has no {entry}")
    # By its name, which also writes down which commit that name stands for; the rest by commit.
    # The first file is small, but for a LoRA, which is all of it.
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
    """Counts the bytes that come in, and tells which part of ``total`` that is."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def add(self, count: float | None) -> None:
        self.done += int(count or 0)
        tell(fraction=min(self.done / self.total, 1.0) if self.total else None)

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
    """Fetch one file, or take it from the cache; once more where it is not what was announced."""
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


def main(role: Role, repo: str, revision: str, timeout: str, half: str) -> None:
    """Fetch a model and tell the parent what came of it."""
    end_with_parent()
    try:
        fetch(role, Hub(repo, revision or None), float(timeout), half == "True")
    except ModelUnavailable as error:
        tell_of(error)


if __name__ == "__main__":
    main(*sys.argv[1:])
