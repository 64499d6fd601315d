"""Official Ultralytics files: in the cache folder, or downloaded by ultralytics.

Ultralytics publishes no hashes. The SHA-256 of a file is written beside it when it is downloaded,
in the format of sha256sum, and checked whenever the file is taken from the cache; a hash from
another source can be put there instead. In any case the file is a pickle and is loaded only in
ultralytics' restricted way (:mod:`bgswap.detection.checkpoints`).
"""

import hashlib
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from zipfile import BadZipFile, ZipFile

from bgswap.errors import ModelUnavailable
from bgswap.models import process
from bgswap.models.checks import Broken, Incomplete
from bgswap.models.deadline import probe_host, raise_if_unreachable
from bgswap.models.sources import Official
from bgswap.settings import Settings

# The host of ultralytics' downloads; probed first, since ultralytics' own retries take minutes.
PROBE_URL = "https://github.com/ultralytics/assets"
LICENSE = "agpl-3.0"

# Seconds without a new byte after which a download is ended.
STALL_TIMEOUT = 45.0

_PROBE = [
    sys.executable,
    "-c",
    f"import sys; from {__name__} import probe; probe(sys.argv[1], float(sys.argv[2]))",
]
# Ultralytics' own download; importing ultralytics sets torch and OpenCV to one thread.
_DOWNLOAD = [
    sys.executable,
    "-c",
    f"import sys; from {__package__}.process import end_with_parent; end_with_parent(); "
    "from ultralytics.utils.downloads import attempt_download_asset as fetch; "
    "fetch(sys.argv[1], progress=False)",
]


def cached(source: Official, cache: Path) -> Path:
    """The path of a file in the cache.

    Raises:
        Incomplete: it is not there.
        Broken: it is truncated, or its hash differs.
    """
    path = cache / source.file
    if not path.is_file():
        raise Incomplete(f"{source.file} is not in the cache")
    _check_contents(path)
    digest = _digest_file(path)
    if digest.exists() and digest.read_text(errors="replace").split()[:1] != [_sha256(path)]:
        raise Broken(f"{source.file} is not the file that was fetched: its SHA-256 differs")
    return path


def probe(url: str, timeout: float) -> None:
    """In a child process: report to the parent where a host does not answer."""
    try:
        probe_host(url, timeout)
    except ModelUnavailable as error:
        process.send_error(error)


def write_digest(path: Path) -> None:
    """Write the SHA-256 of an official file beside it."""
    _digest_file(path).write_text(f"{_sha256(path)}  {path.name}\n")


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(source: Official, settings: Settings) -> None:
    """Download a file into the cache folder, atomically.

    Raises:
        ModelUnavailable: the download failed; the message continues a sentence about the file.
    """
    raise_if_unreachable(urlsplit(PROBE_URL).netloc)
    try:
        settings.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="partial-", dir=settings.cache) as folder:
            path = Path(folder) / source.file
            _download(path, settings.hub_timeout)
            _check_checksums(path)
            write_digest(path)
            # The hash last: without it the file counts as one that was put there by hand.
            _digest_file(settings.cache / source.file).unlink(missing_ok=True)
            path.replace(settings.cache / source.file)
            _digest_file(path).replace(_digest_file(settings.cache / source.file))
    except Broken as error:
        raise ModelUnavailable(str(error)) from error
    except process.ProcessFailed as error:
        raise ModelUnavailable(f"the download failed: {str(error).splitlines()[-1]}") from error
    except OSError as error:
        raise ModelUnavailable(f"the cache folder cannot be used: {error}") from error


def _download(path: Path, timeout: float) -> None:
    """Probe the host, then run the download until it is done or stalls.

    Raises:
        ModelUnavailable: it failed.
    """
    process.run([*_PROBE, PROBE_URL, str(timeout)], STALL_TIMEOUT)
    # This package keeps ultralytics off the network everywhere else.
    online = {"YOLO_OFFLINE": "false"}
    command = [*_DOWNLOAD, str(path)]
    process.run(command, STALL_TIMEOUT, size=lambda: _size(path.parent), environment=online)
    if not path.is_file():
        raise process.ProcessFailed("no reason given")


def _size(folder: Path) -> int:
    with suppress(FileNotFoundError):  # renamed at the end of the download
        return sum(file.stat().st_size for file in folder.iterdir())
    return 0


def _check_contents(path: Path) -> None:
    """Check for truncation: a PyTorch file is a zip with its table of contents at the end.

    Raises:
        Broken: there is no table of contents.
    """
    try:
        with ZipFile(path) as archive:
            archive.infolist()
    except (BadZipFile, OSError) as error:
        raise Broken(f"{path.name} is damaged: {error}") from error


def _check_checksums(path: Path) -> None:
    """Check every part of a PyTorch file against its stored checksum.

    Raises:
        Broken: a part does not match.
    """
    _check_contents(path)
    with ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged:
        raise Broken(f"{path.name} is damaged at {damaged}")
