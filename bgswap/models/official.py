"""Official Ultralytics files: in the cache folder, or fetched by ultralytics' own download.

Ultralytics publishes no digests. The SHA-256 of a file is written beside it when it is fetched, in
the format of sha256sum, and checked whenever the file is taken from the cache; a digest from
elsewhere can be put there instead. Whether or not there is one, the file is a pickle and is loaded
in ultralytics' restricted way only (:mod:`bgswap.detection.checkpoints`).
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
from bgswap.models.deadline import ask, refuse_if_silent
from bgswap.models.roles import Official
from bgswap.settings import Settings

# Where ultralytics fetches its files from; asked first, since its own retries take minutes.
PROBE = "https://github.com/ultralytics/assets"
LICENSE = "AGPL-3.0"

# Seconds without a new byte after which a download counts as dead.
STALL = 45.0

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
    """The path of a file that was fetched before.

    Raises:
        Incomplete: it was not.
        Broken: it is not whole, or not the one that was fetched.
    """
    path = cache / source.file
    if not path.is_file():
        raise Incomplete(f"{source.file} is not in the cache")
    _table_of_contents(path)
    digest = _digest_file(path)
    if digest.exists() and digest.read_text(errors="replace").split()[:1] != [_sha256(path)]:
        raise Broken(f"{source.file} is not the file that was fetched: its SHA-256 differs")
    return path


def probe(url: str, timeout: float) -> None:
    """In a process: tell the parent where a host does not answer."""
    try:
        ask(url, timeout)
    except ModelUnavailable as error:
        process.tell_of(error)


def write_digest(path: Path) -> None:
    """Write the SHA-256 of an official file beside it."""
    _digest_file(path).write_text(f"{_sha256(path)}  {path.name}\n")


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(source: Official, settings: Settings) -> None:
    """Fetch a file into the cache folder: all of it, or nothing.

    Raises:
        ModelUnavailable: it cannot be had; the message is the end of a sentence about it.
    """
    refuse_if_silent(urlsplit(PROBE).netloc)
    try:
        settings.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="partial-", dir=settings.cache) as folder:
            path = Path(folder) / source.file
            _download(path, settings.hub_timeout)
            _check_sums(path)
            write_digest(path)
            # The digest last: until then the file counts as one that was put there by hand.
            _digest_file(settings.cache / source.file).unlink(missing_ok=True)
            path.replace(settings.cache / source.file)
            _digest_file(path).replace(_digest_file(settings.cache / source.file))
    except Broken as error:
        raise ModelUnavailable(str(error)) from error
    except process.Failed as error:
        raise ModelUnavailable(f"the download failed: {str(error).splitlines()[-1]}") from error
    except OSError as error:
        raise ModelUnavailable(f"the cache folder cannot be used: {error}") from error


def _download(path: Path, timeout: float) -> None:
    """Ask the host whether it is there, then run the download until it is done or dead.

    Raises:
        ModelUnavailable: it failed.
    """
    process.run([*_PROBE, PROBE, str(timeout)], STALL)
    # This package keeps ultralytics off the network, here alone it is what is wanted.
    online = {"YOLO_OFFLINE": "false"}
    command = [*_DOWNLOAD, str(path)]
    process.run(command, STALL, size=lambda: _size(path.parent), environment=online)
    if not path.is_file():
        raise process.Failed("no reason given")


def _size(folder: Path) -> int:
    with suppress(FileNotFoundError):  # renamed while looking: it is nearly done
        return sum(file.stat().st_size for file in folder.iterdir())
    return 0


def _table_of_contents(path: Path) -> None:
    """A PyTorch file is a zip with its table of contents at the end: gone, where it was cut off.

    Raises:
        Broken: there is none.
    """
    try:
        with ZipFile(path) as archive:
            archive.infolist()
    except (BadZipFile, OSError) as error:
        raise Broken(f"{path.name} is damaged: {error}") from error


def _check_sums(path: Path) -> None:
    """Check every part of a PyTorch file against the sums that stand in it.

    Raises:
        Broken: a part does not match.
    """
    _table_of_contents(path)
    with ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged:
        raise Broken(f"{path.name} is damaged at {damaged}")
