"""Every malformed request is answered by one sentence and a 4xx, and is nothing to log whole."""

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from launch import App, served
from photos import BUS

PATH = re.compile(r"(?<![\w.:/<])/(?:tmp|home|root|usr|var|opt|etc|work|srv|Users)/|[A-Z]:\\")
NESTED = json.loads("[" * 200 + "]" * 200)
BODIES: list[Any] = [
    None,
    5,
    "text",
    [],
    {},
    {"data": None},
    {"data": "text"},
    {"data": {}},
    {"data": []},
    {"data": [None]},
    {"data": [5]},
    {"data": [NESTED]},
    {"data": [{"path": 5}]},
    {"data": [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}]},
    {"data": [{"path": "\0", "meta": {"_type": "gradio.FileData"}}]},
    {"data": [{"url": "file:///etc/passwd"}]},
    {"data": [None] * 50},
    {"data": [], "session_hash": 5},
    {"data": [], "session_hash": "x", "fn_index": "first"},
    {"data": [], "session_hash": "x", "fn_index": -1},
    {"data": [], "session_hash": "x", "fn_index": 10**6},
    {"data": [], "session_hash": "x", "fn_index": None, "trigger_id": "y"},
    {"data": [], "event_data": 5, "session_hash": []},
    {"photo": 5, "prompt": 5},
    {"photo": None, "unknown": 1},
]
PATHS = [
    "gradio_api/queue/join",
    "gradio_api/call/find_people",
    "gradio_api/call/replace_background",
    "gradio_api/call/v2/replace_background",
    "gradio_api/call/nothing",
    "gradio_api/call/v2/nothing",
    "gradio_api/run/find_people",
    "gradio_api/run/nothing",
    "gradio_api/component_server",
]
RAW = [
    ("POST", "gradio_api/queue/join", b"{", "application/json"),
    ("POST", "gradio_api/queue/join", b"\xff\xfe", "application/json"),
    ("POST", "gradio_api/queue/join", b"data=1", "application/x-www-form-urlencoded"),
    ("POST", "gradio_api/upload", b"", "text/plain"),
    ("POST", "gradio_api/upload", b"nothing", "multipart/form-data; boundary=x"),
    ("POST", "gradio_api/cancel", b"{}", "application/json"),
    ("POST", "gradio_api/stream/nothing", b"{}", "application/json"),
    ("GET", "gradio_api/queue/data", b"", ""),
    ("GET", "gradio_api/call/find_people/nothing", b"", ""),
    ("GET", "gradio_api/call/v2/find_people/nothing", b"", ""),
    ("GET", "gradio_api/file=/etc/passwd", b"", ""),
    ("GET", "gradio_api/file=nothing.png", b"", ""),
    ("GET", "gradio_api/file=http://127.0.0.1:9/x.png", b"", ""),
    ("GET", "gradio_api/proxy=http://127.0.0.1:9/", b"", ""),
    ("GET", "gradio_api/stream/a/b/1/playlist.m3u8", b"", ""),
    ("GET", "static/nothing.css", b"", ""),
    ("GET", "no/such/page", b"", ""),
    ("DELETE", "gradio_api/queue/join", b"", ""),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One whose log holds nothing but this."""
    with served(tmp_path_factory.mktemp("malformed")) as app:
        yield app


@pytest.fixture(scope="module")
def http(app: App) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=app.url, timeout=60) as client:
        yield client


def told(answer: httpx.Response) -> str:
    """The sentence of an answer."""
    assert 400 <= answer.status_code < 500, f"{answer.status_code}: {answer.text[:300]}"
    text = answer.text
    if answer.headers["content-type"] == "application/json":
        detail = answer.json()["detail"]
        text = detail if isinstance(detail, str) else " ".join(v["message"] for v in detail)
    assert re.search(r"\w{3}", text), f"{answer.url}: {answer.text}"
    assert not PATH.search(answer.text), answer.text
    return text


def events(http: httpx.Client, session: str) -> list[dict[str, Any]]:
    """What the queue tells a session until its event is over."""
    with http.stream("GET", f"gradio_api/queue/data?session_hash={session}") as answer:
        lines = [line[6:] for line in answer.iter_lines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("path", PATHS)
def test_a_malformed_body(http: httpx.Client, path: str) -> None:
    for body in BODIES:
        told(http.post(path, json=body))


@pytest.mark.parametrize(("method", "path", "body", "kind"), RAW, ids=lambda v: str(v)[:40])
def test_a_malformed_request(
    http: httpx.Client, method: str, path: str, body: bytes, kind: str
) -> None:
    told(http.request(method, path, content=body, headers={"content-type": kind} if kind else {}))


def test_every_handler_of_the_page_answers_in_words(http: httpx.Client) -> None:
    handlers = [d for d in http.get("config").json()["dependencies"] if d["backend_fn"]]
    inputs = ({"path": "/etc/passwd"}, "text", None, -1)
    marks = (None, 5, {}, {"index": "x", "value": 1}, {"index": -7, "value": None})
    for handler, (number, given), mark in itertools.product(handlers, enumerate(inputs), marks):
        session = f"{handler['id']}-{number}-{marks.index(mark)}"
        body = {
            "data": [given] * len(handler["inputs"]),
            "fn_index": handler["id"],
            "session_hash": session,
            "event_data": mark,
        }
        answer = http.post("gradio_api/queue/join", json=body)
        if answer.status_code != 200:
            told(answer)
            continue
        last = next(e for e in reversed(events(http, session)) if e["msg"] == "process_completed")
        if not last["success"]:
            assert last["output"]["error"], last
            assert not PATH.search(json.dumps(last)), last


def test_a_session_that_nobody_knows(http: httpx.Client) -> None:
    (last,) = events(http, "nobody")
    assert last["session_not_found"]
    assert not last["success"]


def test_nothing_of_it_is_logged_whole(app: App, http: httpx.Client) -> None:
    log = app.log.read_text()
    assert "Traceback" not in log, log[-5000:]


def test_the_app_still_works(http: httpx.Client) -> None:
    upload = http.post("gradio_api/upload", files={"files": ("bus.jpg", BUS.read_bytes())})
    assert upload.status_code == 200
    assert Path(upload.json()[0]).name == "bus.jpg"
