"""Gradio's Blocks and web app, with one sentence as the answer to every malformed request."""

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from gradio.route_utils import FnIndexInferError
from gradio.routes import App, ORJSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bgswap import BadInput, Settings
from bgswap.ui.fetching import fetch_all
from bgswap.ui.guard import gradio_errors, without_folders
from bgswap.ui.request_limits import RequestLimits
from bgswap.ui.shared_link import PREVIEW, SharedLink, preview

log = logging.getLogger(__name__)

LARGEST_FILE = 100_000_000
LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")
EVENT = re.compile(r"/gradio_api/call/(?:v2/)?[^/]+/([^/]+)/?$")
NO_EVENT = "There is no such event, or its answer was given already."
NOT_UNDERSTOOD = "This request cannot be understood."
MISFIT = "These inputs do not fit this endpoint."


class CheckedBlocks(gr.Blocks):
    """Blocks whose every error is one sentence; what Gradio itself refuses is no failure.

    Attributes:
        most_addresses: of files that a request may name: a photo and the options' three files.
        largest_total: bytes that all of them may have together.
    """

    most_addresses: int = 4
    largest_total: float = 4.0 * LARGEST_FILE

    async def preprocess_data(
        self, block_fn: Any, inputs: list[Any], *arguments: Any, **options: Any
    ) -> list[Any]:
        """As Gradio's; a validator gets what cannot be read as it came, to put it into words."""
        try:
            cache, most, total = Path(self.GRADIO_CACHE), self.most_addresses, self.largest_total
            await fetch_all(inputs, cache, LARGEST_FILE, most, total)
            return await super().preprocess_data(block_fn, inputs, *arguments, **options)
        except gr.Error as error:
            raise _error(error.message) from None
        except Exception as error:  # noqa: BLE001 (told as what it is: input that does not fit)
            log.info("inputs refused: %s", type(error).__name__)
            if block_fn.is_validator_function and len(inputs) == len(block_fn.inputs):
                return inputs
            raise _error(str(error) if isinstance(error, BadInput) else MISFIT) from None

    async def process_api(self, block_fn: Any, *arguments: Any, **options: Any) -> dict[str, Any]:
        """As Gradio's."""
        if block_fn.collects_event_data and not _is_selection(options.get("event_data")):
            raise _error(MISFIT)
        try:
            return await super().process_api(block_fn, *arguments, **options)
        except gr.Error as error:
            # A component repeats in its own error what it was sent.
            error.message = without_folders(error.message)
            raise
        except Exception as error:
            # Our own handlers put theirs into words: this is input that Gradio did not expect.
            log.warning("Gradio failed on a request: %s", type(error).__name__)
            log.debug("in full", exc_info=error)
            raise _error(MISFIT) from None

    async def postprocess_data(self, *arguments: Any, **options: Any) -> Any:
        """As Gradio's; what it cannot show is our own fault."""
        with gradio_errors():
            return await super().postprocess_data(*arguments, **options)


def _error(sentence: str) -> gr.Error:
    return gr.Error(sentence, title="That did not work", print_exception=False)


def _is_selection(event: gr.EventData | None) -> bool:
    data = getattr(event, "_data", None)
    return isinstance(data, dict) and {"index", "value"} <= data.keys()


class LimitedApp(App):
    """Gradio's web app behind a :class:`RequestLimits`.

    Args:
        settings: which other hosts and origins may use it, and how large an upload may be.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__(default_response_class=ORJSONResponse, exception_handlers=HANDLERS)
        # The first is the innermost: what Gradio adds later compresses the page.
        self.add_middleware(SharedLink)
        self.add_route(f"/{PREVIEW}", preview)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a question about an event that nobody knows; Gradio would fail in mid-answer."""
        asked = EVENT.search(scope.get("path", ""))
        if asked and scope.get("method") == "GET" and not self._knows(asked[1]):
            await JSONResponse({"detail": NO_EVENT}, 404)(scope, receive, send)
            return
        await super().__call__(scope, receive, send)

    def _knows(self, event: str) -> bool:
        queue = self.get_blocks()._queue
        waiting = queue.pending_event_ids_session.values()
        return event in queue.event_ids_to_events or any(event in ids for ids in waiting)

    def build_middleware_stack(self) -> ASGIApp:
        """The limits of requests, the check of the host, then what Gradio adds."""
        app, hosts = super().build_middleware_stack(), self._settings.hosts.split(",")
        if _on_loopback():
            # Pages of a name that somebody else points here would count as this server's own.
            app = TrustedHostMiddleware(app, allowed_hosts=[*LOOPBACK, *filter(None, hosts)])
        origins = filter(None, self._settings.origins.split(","))
        return RequestLimits(
            app,
            LARGEST_FILE,
            frozenset(origins),
            int(self._settings.most_photos),
            int(self._settings.most_megabytes * 1e6),
        )


def _on_loopback() -> bool:
    name = os.environ.get("GRADIO_SERVER_NAME") or "127.0.0.1"
    return name in LOOPBACK and os.environ.get("GRADIO_SHARE", "").lower() != "true"


def _answering(status: int, sentence: str) -> Callable[[Request, Exception], JSONResponse]:
    def answer(request: Request, error: Exception) -> JSONResponse:
        log.info("refused with %d: %s", status, type(error).__name__)
        return JSONResponse({"detail": sentence}, status)

    return answer


def _told(request: Request, error: Exception) -> JSONResponse:
    detail = error.detail if isinstance(error, HTTPException) else NOT_UNDERSTOOD
    text = without_folders(detail) if isinstance(detail, str) else detail
    return JSONResponse({"detail": text}, getattr(error, "status_code", 400))


# What Gradio's routes raise on requests that they do not expect.
HANDLERS = {
    HTTPException: _told,
    RequestValidationError: _answering(400, NOT_UNDERSTOOD),
    FnIndexInferError: _answering(404, "There is no such endpoint."),
} | {
    kind: _answering(400, NOT_UNDERSTOOD)
    for kind in (LookupError, ValueError, TypeError, AttributeError)
}
