"""Official Ultralytics files: in the cache folder, or fetched by ultralytics' own download.

Ultralytics publishes no digests. The SHA-256 of a file is written beside it when it is fetched, in
the format of sha256sum, and checked whenever the file is taken from the cache; a digest from
elsewhere can be put there instead. Whether or not there is one, the file is a pickle and is loaded
in ultralytics' restricted way only (:mod:`bgswap.people.detector_files`).
"""

import atexit
import hashlib
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from zipfile import BadZipFile, ZipFile

from bgswap.errors import ModelUnavailable
from bgswap.settings import Settings
from bgswap.weights.checks import Broken, Incomplete
from bgswap.weights.probe import refuse_if_silent, unreachable, within
from bgswap.weights.sources import Official

# Where ultralytics fetches its files from; asked first, since its own retries take minutes.
HOST = "github.com"
PROBE = f"https://{HOST}/ultralytics/assets"

# Seconds without a new byte after which a download counts as dead.
STALL = 45.0

# In a process of its own: importing ultralytics sets torch and OpenCV to one thread, and its
# download cannot be stopped from outside.
_DOWNLOAD = [
    sys.executable,
    "-c",
    "import sys; from ultralytics.utils.downloads import attempt_download_asset as fetch; "
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
    _probe(settings.hub_timeout)
    try:
        settings.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="partial-", dir=settings.cache) as folder:
            path = Path(folder) / source.file
            _download(path)
            _check_sums(path)
            write_digest(path)
            # The digest last: until then the file counts as one that was put there by hand.
            _digest_file(settings.cache / source.file).unlink(missing_ok=True)
            path.replace(settings.cache / source.file)
            _digest_file(path).replace(_digest_file(settings.cache / source.file))
    except Broken as error:
        raise ModelUnavailable(str(error)) from error
    except OSError as error:
        raise ModelUnavailable(f"the cache folder cannot be used: {error}") from error


def _probe(timeout: float) -> None:
    refuse_if_silent(HOST)
    request = Request(PROBE, method="HEAD")
    try:
        within(timeout, lambda: urlopen(request, timeout=timeout).close())
    except HTTPError:
        pass  # an answer, whichever: the host is there
    except TimeoutError as error:
        raise unreachable(HOST, f"did not answer within {timeout:g} s") from error
    except OSError as error:
        raise unreachable(HOST, "cannot be reached") from error


def _download(path: Path) -> None:
    """Run the download until it is done, or until nothing more comes.

    Raises:
        ModelUnavailable: it failed.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([*_DOWNLOAD, str(path)], stdout=output, stderr=output)
        atexit.register(process.kill)
        try:
            _watch(process, path.parent)
        finally:
            process.kill()
            process.wait()
            atexit.unregister(process.kill)
        if process.returncode or not path.is_file():
            output.seek(0)
            lines = output.read().decode(errors="replace").strip().splitlines()
            raise ModelUnavailable(
                f"the download failed: {lines[-1] if lines else 'no reason given'}"
            )


def _watch(process: subprocess.Popen[bytes], folder: Path) -> None:
    size, since = 0, time.monotonic()
    while process.poll() is None:
        time.sleep(0.1)
        now = size
        with suppress(FileNotFoundError):  # renamed while looking: it is nearly done
            now = sum(file.stat().st_size for file in folder.iterdir())
        if now != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > STALL:
            raise ModelUnavailable(f"nothing came for {STALL:g} s, at {size / 1e6:.0f} MB")


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
