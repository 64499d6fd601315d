"""A connection to the test Hub: requests are read, faults strike, answers are sent."""

import json
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub import Hub


class Connection(BaseHTTPRequestHandler):
    """One connection; a subclass answers its requests in ``route``."""

    hub: "Hub"
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.hub.connections.add(self.connection)

    def finish(self) -> None:
        self.hub.connections.discard(self.connection)
        with suppress(OSError):  # the other side may have closed it
            super().finish()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle_any(self) -> None:
        self.path, _, _ = self.path.partition("?")
        self.path = self.path.replace("%2F", "/")
        self.hub.requests.append((self.command, self.path))
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.hub.fault if self.hub.faulty(self.command, self.path) else None
        self.fault = fault
        if fault == "silent":
            self.hub.closing.wait()
            self.close_connection = True
        elif fault == "429":
            self.send(b"{}", 429, {"Retry-After": "3600"})
        elif fault in ("401", "404", "500"):
            self.refuse(int(fault), "RepoNotFound" if fault == "404" else "")
        else:
            self.route()

    do_GET = do_HEAD = do_POST = do_PUT = handle_any

    def route(self) -> None:
        raise NotImplementedError

    def answer(self, content: object, status: int = 200) -> None:
        self.send(json.dumps(content).encode(), status, {"Content-Type": "application/json"})

    def refuse(self, status: int, code: str) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": code} if code else {}
        self.send(b"{}", status, headers)

    def send(self, data: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def send_file(self, data: bytes, start: int, headers: dict[str, str]) -> None:
        if self.command == "GET" and self.fault == "wrong":
            data = bytes(byte ^ 1 for byte in data)
        status = 206 if start else 200
        if self.command == "HEAD" or self.fault not in ("slow", "drip", "cut"):
            self.send(data[start:], status, headers)
            return
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data) - start), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        # "cut" gives nothing after the middle, however often one asks; "slow" takes its time.
        rest = data[start : len(data) // 2] if self.fault == "cut" else data[start:]
        step, pause = {"slow": (1 + len(rest) // 8, 0.05), "drip": (1, 1.0)}.get(
            self.fault or "", (len(rest) + 1, 0.0)
        )
        for at in range(0, len(rest), step):
            self.hub.closing.wait(pause)
            self.wfile.write(rest[at : at + step])
        self.close_connection = True
