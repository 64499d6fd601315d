"""With the starter's models nobody outside this machine is called, and no name is looked up."""

from base64 import b64encode
from pathlib import Path

import anyio
from gradio_client import Client, handle_file
from launch import ROOT, served
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from photos import BUS

LOOPBACK = {"127.0.0.1", "localhost", "0.0.0.0", "::1", "None"}


async def call_tool(url: str, photo: str) -> str:
    """What the MCP tool that finds people answers."""
    async with (
        streamable_http_client(f"{url}gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        answer = await session.call_tool("find_people", {"photo": photo})
        return " ".join(getattr(part, "text", "") for part in answer.content)


def test_nobody_is_called(tmp_path: Path) -> None:
    log = tmp_path / "network.log"
    environment = {
        "PYTHONPATH": f"{ROOT / 'tests' / 'watched'}:{ROOT}",
        "NETWORK_LOG": str(log),
        "BGSWAP_MODELS": "starter",
    }
    # As a user starts it: none of what the tests set to keep quiet.
    for name in ("YOLO_OFFLINE", "HF_HUB_DISABLE_TELEMETRY", "GRADIO_ANALYTICS_ENABLED"):
        environment[name] = ""
    with served(tmp_path, **environment) as app:
        client = Client(app.url, verbose=False, download_files=False, analytics_enabled=False)
        _, found = client.predict(photo=handle_file(BUS), api_name="/find_people")
        client.predict(
            photo=handle_file(BUS), prompt="a forest", steps=1, api_name="/replace_background"
        )
        picture = f"data:image/jpeg;base64,{b64encode(BUS.read_bytes()).decode()}"
        answer = anyio.run(call_tool, app.url, picture)
        refused = anyio.run(call_tool, app.url, f"{app.url}secret.jpg")
    called = set(log.read_text().split())
    assert called <= LOOPBACK, f"called: {sorted(called - LOOPBACK)}"
    assert f"'number': {len(found['people'])}" in answer
    assert "cannot or may not be fetched" in refused
