"""Photos given by an address: what is public is fetched whole, all else is told in one sentence."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bgswap import BadInput
from bgswap.ui import fetching
from bgswap.ui.fetching import fetch_all

PHOTO = b"a picture" * 1000
TOLD = "cannot or may not be fetched"


class Site(BaseHTTPRequestHandler):
    """Gives a picture, a redirection, nothing, too much, or takes its time."""

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        if kind in ("moved", "missing"):
            self.send_response(302 if kind == "moved" else 404)
            self.send_header("Location", "/photo/bus.jpg")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if kind == "slow":
            threading.Event().wait(3)
        self.wfile.write(PHOTO * (1000 if kind == "huge" else 1))

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address; loopback counts as public."""
    monkeypatch.setattr(fetching, "is_public", lambda ip: True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def fetch(folder: Path, address: str, largest: int = 1_000_000) -> dict[str, Any]:
    file = {"path": address, "url": address, "meta": {"_type": "gradio.FileData"}}
    asyncio.run(fetch_all(["a forest", [{"photo": file}]], folder, largest))
    return file


@pytest.mark.parametrize(
    ("path", "name"), [("bus.jpg", "bus.jpg"), ("", "photo"), ("a%2F..%2F..%2Fb.jpg?x=1", "b.jpg")]
)
def test_a_photo_is_fetched(site: str, tmp_path: Path, path: str, name: str) -> None:
    file = fetch(tmp_path, f"{site}/photo/{path}")
    fetched = Path(file["path"])
    assert fetched.read_bytes() == PHOTO
    assert fetched.is_relative_to(tmp_path)
    assert name in (fetched.name, "photo")
    assert file["url"] is None


@pytest.mark.parametrize("kind", ["moved", "missing", "huge", "slow"])
def test_what_is_not_given_is_told(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 1.0)
    with pytest.raises(BadInput, match=TOLD):
        fetch(tmp_path, f"{site}/{kind}/bus.jpg")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/x.jpg",
        "http://localhost/x.jpg",
        "http://[::1]/x.jpg",
        "http://10.1.2.3/x.jpg",
        "http://100.64.0.1/x.jpg",
        "http://0.0.0.0/x.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:127.0.0.1]/x.jpg",
        "http://2130706433/x.jpg",
        "http://no-such-host.invalid/x.jpg",
        "http:///x.jpg",
        "http://[/x.jpg",
        "http://" + "a" * 300 + "/x.jpg",
    ],
)
def test_hosts_inside_some_network_are_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(BadInput, match=TOLD):
        fetch(tmp_path, address)


def test_files_that_were_sent_stay_as_they_are(tmp_path: Path) -> None:
    inputs = [{"path": "/tmp/x.jpg", "url": "http://x"}, "http://words", None, 5, [[]]]
    before = repr(inputs)
    asyncio.run(fetch_all(inputs, tmp_path, 10))
    assert repr(inputs) == before
