"""Limits on requests before Gradio sees them: body size, files, host and origin."""

import logging
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

# Bytes of a body that is no upload: the longest texts and a photo's name take a few thousand.
LONGEST_BODY = 1_000_000
# Bytes beyond the file itself that each part of an upload may have: its headers.
UPLOAD_HEADERS = 10_000
_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,70})"?', re.IGNORECASE)
_CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


class Refused(HTTPException):
    """A request that is not let through; the detail is one sentence."""


class RequestLimits:
    """ASGI middleware around the whole app.

    Args:
        app: what is inside.
        largest_file: bytes of one file.
        origins: of other sites whose pages may use this server; ``*`` for all of them.
        most_files: of one upload: a page sends all that are chosen together in one request.
        largest_upload: bytes of all files of one upload together.
    """

    def __init__(
        self,
        app: ASGIApp,
        largest_file: int,
        origins: Collection[str] = (),
        most_files: int = 1,
        largest_upload: int = 0,
    ) -> None:
        self.app, self.largest_file, self.origins = app, largest_file, frozenset(origins)
        self.most_files, self.largest_upload = most_files, max(largest_file, largest_upload)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a sentence and a 4xx."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = Answer(scope, receive, send)
        try:
            scope = self._without_foreign_origin(scope)
            await self.app(scope, self._limited(scope, receive), answer.send)
        except HTTPException as error:
            await answer.refuse(error)
        except RuntimeError as error:
            # Starlette's way of saying that such an answer came too late.
            if not isinstance(error.__cause__, HTTPException):
                raise
            await answer.refuse(error.__cause__)

    def _without_foreign_origin(self, scope: Scope) -> Scope:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or self.origins & {origin, "*"}:
            return scope
        if headers.get("sec-fetch-site") == "cross-site" and scope["method"] in _CHANGING:
            raise Refused(403, "Pages of other sites may not use this server.")
        if urlsplit(origin).netloc.lower() == headers.get("host", "").lower():
            return scope
        # Gradio allows every origin that it is told of to read its answers, with credentials.
        return {**scope, "headers": [pair for pair in scope["headers"] if pair[0] != b"origin"]}

    def _limited(self, scope: Scope, receive: Receive) -> Receive:
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "")
        upload = kind.startswith("multipart/")
        parts = Parts(kind) if upload else None
        most, limit = self._bounds(scope["path"]) if upload else (1, LONGEST_BODY)
        said = headers.get("content-length", "")
        if said.isdecimal() and int(said) > limit:
            raise _too_large(limit)
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            body = message.get("body", b"")
            taken += len(body)
            if taken > limit:
                raise _too_large(limit)
            if parts is not None and parts.count(body) > most:
                raise Refused(400, f"Send {_files(most)} a request.")
            return message

        return limited

    def _bounds(self, path: str) -> tuple[int, int]:
        """How many files, and bytes, a multipart body may have."""
        if path.rstrip("/").endswith("/upload"):
            return self.most_files, self.largest_upload + self.most_files * UPLOAD_HEADERS
        # Other routes of Gradio read the whole body into memory.
        return 1, self.largest_file + UPLOAD_HEADERS


class Parts:
    """Counts the parts of a multipart body as it comes in.

    Args:
        content_type: the header that names the boundary between them.
    """

    def __init__(self, content_type: str) -> None:
        found = _BOUNDARY.search(content_type)
        if found is None:
            raise Refused(400, "The upload does not say where its parts begin.")
        # The last boundary ends in two hyphens, every other begins a part.
        self._mark = b"--" + found[1].encode("latin-1") + b"\r\n"
        self._rest, self._number = b"", 0

    def count(self, chunk: bytes) -> int:
        """How many parts have begun, with this chunk of the body."""
        seen = self._rest + chunk
        self._number += seen.count(self._mark)
        # Less than a whole mark is kept, so that none counts twice.
        self._rest = seen[-(len(self._mark) - 1) :]
        return self._number


def _files(most: int) -> str:
    return "one file" if most == 1 else f"{most} files at most"


def _too_large(limit: int) -> Refused:
    return Refused(413, f"A request may have {limit / 1e6:.0f} MB at most.")


class Answer:
    """The answer to one request: what the app says, or a sentence where it says nothing.

    Args:
        scope: of the request.
        receive: of the request.
        send: to the client.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._request, self._send = (scope, receive), send
        self._begun = self._over = False

    async def send(self, message: Message) -> None:
        """Pass a part of the app's answer on."""
        if message["type"] == "http.response.start":
            self._begun = True
            empty = Headers(raw=message.get("headers", [])).get("content-length") == "0"
            if 400 <= message["status"] < 500 and empty:
                self._begun = False
                await self.refuse(Refused(message["status"], "There is nothing like this here."))
                return
        if not self._over:
            await self._send(message)

    async def refuse(self, error: HTTPException) -> None:
        """Answer with a sentence; where another answer has begun it only ends."""
        log.info("refused with %d: %s", error.status_code, error.detail)
        if self._begun:
            await self._send({"type": "http.response.body", "body": b""})
        else:
            answer = JSONResponse({"detail": error.detail}, error.status_code)
            await answer(*self._request, self._send)
        self._begun = self._over = True
