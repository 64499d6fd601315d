"""The whole app in a process of its own, once for all tests that talk to it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import pytest

ROOT = Path(__file__).parent.parent
# Seconds; far beyond what it takes, so that a busy machine fails no test.
UP_WITHIN = 300


@dataclass(frozen=True)
class App:
    """An app that is served.

    Attributes:
        url: its address, with a slash at the end.
        log: what it wrote so far.
        cache: its upload folder.
        process: it runs in.
    """

    url: str
    log: Path
    cache: Path
    process: subprocess.Popen[bytes]


@contextmanager
def served(folder: Path, **changes: str) -> Iterator[App]:
    """Run ``python app.py`` on a free port of this machine until the block ends.

    Args:
        folder: for its log and its cache.
        changes: of the environment; an empty value unsets a variable.
    """
    port = free_port()
    cache = folder / "cache"
    environment = {
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(cache),
    }
    environment = {k: v for k, v in (os.environ | environment | changes).items() if v}
    log = folder / "app.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_page(f"http://127.0.0.1:{port}/", process, log)
            yield App(f"http://127.0.0.1:{port}/", log, cache, process)
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the app as the tests' environment has it."""
    with served(tmp_path_factory.mktemp("app")) as app:
        yield app.url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_page(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + UP_WITHIN
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (URLError, TimeoutError, ConnectionError):
            time.sleep(0.3)
    pytest.fail(f"the app did not come up:\n{log.read_text()[-3000:]}")
