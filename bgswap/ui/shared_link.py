"""Title, description and picture that other sites show for a link to the page."""

import re
from html import escape

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bgswap.ui.sample import before_and_after

TITLE = "Background swap"
DESCRIPTION = "Replace everything behind the people in a photo. The people stay themselves."
ALT = "People in a street, and the same people before another background"
PREVIEW = "preview.jpg"
# Gradio's own, of which the first are about Gradio.
PLACE = b'<meta charset="utf-8" />'
META = re.compile(rb'<meta\s+(?:property|name)="(?:og|twitter):[^>]*>')


async def preview(request: Request) -> Response:
    """The picture."""
    picture = before_and_after()
    if picture is None:
        return Response(status_code=404)
    return Response(picture, media_type="image/jpeg", headers={"Cache-Control": "max-age=86400"})


class SharedLink:
    """ASGI middleware that puts the page's own tags into its head.

    Args:
        app: what is inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and change the page itself."""
        if scope["type"] != "http" or scope["path"] not in ("/", ""):
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def changed(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            assert start is not None  # it comes first
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            headers = MutableHeaders(scope=start)
            whole = body
            if headers.get("content-type", "").startswith("text/html"):
                whole = with_tags(body, _address(Request(scope)))
                if "content-length" in headers and scope["method"] != "HEAD":
                    headers["content-length"] = str(len(whole))
            await send(start)
            await send({"type": "http.response.body", "body": whole})

        await self.app(scope, receive, changed)


def with_tags(page: bytes, address: str) -> bytes:
    """The page with its own tags in its head, in the place of others.

    Args:
        page: HTML.
        address: at which it is, with a slash at the end.
    """
    picture = f"{address}{PREVIEW}"
    named = {"description": DESCRIPTION, "twitter:card": "summary_large_image"}
    properties = {
        "og:type": "website",
        "og:url": address,
        "og:title": TITLE,
        "og:description": DESCRIPTION,
        "og:image": picture,
        "og:image:alt": ALT,
    }
    tags = [f"<title>{TITLE}</title>"]
    tags += [f'<meta name="{name}" content="{escape(text)}" />' for name, text in named.items()]
    tags += [f'<meta property="{n}" content="{escape(text)}" />' for n, text in properties.items()]
    return META.sub(b"", page).replace(PLACE, PLACE + "".join(tags).encode(), 1)


def _address(request: Request) -> str:
    """The page's address as its visitor has it, also behind a proxy."""
    scheme = request.headers.get("x-forwarded-proto", request.url.scheme).split(",")[0].strip()
    return str(request.base_url.replace(scheme=scheme))
