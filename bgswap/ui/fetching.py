"""Fetches photos that are given by an address, from public hosts only and with a size limit."""

import asyncio
import shutil
from collections.abc import Iterator
from ipaddress import ip_address
from math import inf
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from gradio_client.utils import strip_invalid_filename_characters
from safehttpx import AsyncSecureTransport, is_public_ip

from bgswap import BadInput
from bgswap.ui.guard import BAD_ADDRESS

WEB = ("http://", "https://")
# Seconds that a whole photo may take.
PATIENCE = 30.0


async def fetch_all(
    inputs: Any, folder: Path, largest: int, most: int = 4, largest_total: float = inf
) -> None:
    """Put a local file in the place of every address among the inputs of a request.

    Gradio would do it too, but reads answers of any length into memory, and asks a public name
    server about hosts that it then refuses.

    Args:
        inputs: as JSON has them; files are dicts with a ``path``.
        folder: for the files, each in a new folder of its own.
        largest: bytes of one.
        most: addresses that there may be.
        largest_total: bytes of all together.

    Raises:
        BadInput: a host is not public, or does not give the file, or there are too many.
    """
    files, left = list(_addressed(inputs)), largest_total
    if len(files) > most:
        raise BadInput(f"A request may name {most} addresses of files at most, got {len(files)}")
    for file in files:
        into = folder / uuid4().hex
        try:
            async with asyncio.timeout(PATIENCE):
                path = await _fetch(file["path"], into, min(largest, left))
        except (OSError, ValueError, TimeoutError, httpx.HTTPError, httpx.InvalidURL):
            shutil.rmtree(into, ignore_errors=True)
            raise BadInput(BAD_ADDRESS.format("file")) from None
        left -= path.stat().st_size
        file |= {"path": str(path), "url": None}


def _addressed(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        path = value.get("path")
        if isinstance(path, str) and path.startswith(WEB):
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _addressed(part)


def is_public(ip: str) -> bool:
    """Whether an IP address is one of the internet, and not of some network inside."""
    return is_public_ip(ip) and ip_address(ip).is_global


async def _fetch(address: str, folder: Path, largest: float) -> Path:
    url = httpx.URL(address)
    name = strip_invalid_filename_characters(Path(url.path).name) or "photo"
    found = await asyncio.get_running_loop().getaddrinfo(url.host, None)
    public = [ip for *_, where in found if is_public(ip := str(where[0]))]
    if not public:
        raise ValueError("not a public host")
    # The very address that was looked at, so that a second look-up cannot give another.
    transport = AsyncSecureTransport(public[0])
    async with (
        httpx.AsyncClient(transport=transport, timeout=PATIENCE) as client,
        client.stream("GET", url) as answer,
    ):
        if answer.status_code != 200:
            raise ValueError("no file")
        folder.mkdir(parents=True)
        taken, path = 0, folder / name
        with path.open("wb") as file:
            async for chunk in answer.aiter_bytes():
                taken += len(chunk)
                if taken > largest:
                    raise ValueError("too large")
                file.write(chunk)
    return path
