"""A small model Hub on loopback that speaks what huggingface_hub speaks, with faults on demand.

It keeps everything in memory: repositories of commits, branches and tags; large files by their
SHA-256, small ones by their git hash. Xet is not spoken: HF_HUB_DISABLE_XET=1 must be set before
huggingface_hub is imported, as tests/conftest.py does.
"""

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import ThreadingHTTPServer
from typing import Literal

from hub_protocol import Handler, Repo

# What can go wrong with a request: an answer 401, 404, 429 or 500, an answer that takes its time,
# one that comes a byte a second, one that never comes, a body that ends in the middle, a body of
# the right length with other bytes.
Fault = Literal["401", "404", "429", "500", "slow", "drip", "silent", "cut", "wrong"]


class Hub:
    """The server: use it as a context manager; ``url`` is its endpoint.

    Attributes:
        repos: by (``models`` or ``spaces``, ``owner/name``).
        fault: what goes wrong with every request that ``faulty`` lets through.
        faulty: takes (method, path); returns whether to inject the fault.
        requests: (method, path) of every request that came.
    """

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.large: dict[str, bytes] = {}
        self.fault: Fault | None = None
        self.faulty: Callable[[str, str], bool] = lambda method, path: True
        self.requests: list[tuple[str, str]] = []
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        hub = self

        class Bound(Handler):
            pass

        Bound.hub = hub
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Hub":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the server: open requests get no answer."""
        if not self.closing.is_set():
            self.closing.set()
            self._server.shutdown()
            self._server.server_close()
            for connection in list(self.connections):
                with suppress(OSError):  # the other side may have closed it
                    connection.shutdown(socket.SHUT_RDWR)

    def add(self, repo: str, files: dict[str, bytes], kind: str = "models") -> Repo:
        """A repository that is there already."""
        made = self.repos.setdefault((kind, repo), Repo())
        made.commit(files)
        return made

    def strike(self, fault: Fault | None, where: str = "") -> None:
        """Let ``fault`` strike the requests whose "METHOD path" matches a regular expression."""
        self.fault = fault
        self.faulty = lambda method, path: bool(re.search(where, f"{method} {path}"))
