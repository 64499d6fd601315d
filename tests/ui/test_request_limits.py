"""What is not let through: too much, too many, foreign hosts and origins, as the app is served."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from launch import served

from bgswap.ui.request_limits import LONGEST_BODY, Parts, RequestLimits

JSON = {"content-type": "application/json"}
FOREIGN = "https://evil.example"


@pytest.fixture(scope="module")
def http(app_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=app_url, timeout=60) as client:
        yield client


def sentence(answer: httpx.Response) -> str:
    detail = answer.json()["detail"]
    assert isinstance(detail, str)
    assert detail.endswith(".")
    return detail


@pytest.mark.parametrize(
    "path", ["gradio_api/queue/join", "gradio_api/call/find_people", "nothing"]
)
def test_a_long_body_is_refused(http: httpx.Client, path: str) -> None:
    body = b'{"data": ["' + b"x" * LONGEST_BODY + b'"]}'
    answer = http.post(f"gradio_api/{path}", content=body, headers=JSON)
    assert (answer.status_code, sentence(answer)) == (413, "A request may have 1 MB at most.")


def test_a_long_body_of_unknown_length_is_refused(http: httpx.Client) -> None:
    chunks = (b'{"data": ["' if i == 0 else b"x" * 100_000 for i in range(20))
    answer = http.post("gradio_api/queue/join", content=chunks, headers=JSON)
    assert answer.status_code == 413


def test_a_huge_body_is_refused_before_it_is_sent(app_url: str) -> None:
    where = urlsplit(app_url)
    head = (
        f"POST /gradio_api/queue/join HTTP/1.1\r\nHost: {where.netloc}\r\n"
        "Content-Type: application/json\r\nContent-Length: 200000000\r\n\r\n"
    )
    with socket.create_connection((where.hostname, where.port), timeout=30) as connection:
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(1000)


def test_files_of_an_upload_are_counted(http: httpx.Client) -> None:
    files = [("files", ("bus.jpg", b"a photo"))]
    most = http.post("gradio_api/upload", files=files * 50)
    assert most.status_code == 200
    more = http.post("gradio_api/upload", files=files * 51)
    assert (more.status_code, sentence(more)) == (400, "Send 50 files at most a request.")
    # Other routes read the whole of it into memory.
    other = http.post("gradio_api/component_server", files=files * 2)
    assert (other.status_code, sentence(other)) == (400, "Send one file a request.")
    none = http.post("gradio_api/upload", headers={"content-type": "multipart/form-data"})
    assert none.status_code == 400
    assert sentence(none)


@pytest.mark.parametrize("size", [1, 7, 30, 10_000])
def test_parts_are_counted_however_they_come(size: int) -> None:
    body = b"--edge\r\none\r\n--edge\r\ntwo\r\n--edge--\r\n"
    parts = Parts('multipart/form-data; boundary="edge"')
    assert [parts.count(body[i : i + size]) for i in range(0, len(body), size)][-1] == 2


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:7860", "[::1]:7860"])
def test_names_of_this_machine_are_let_in(http: httpx.Client, host: str) -> None:
    assert http.get("config", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_a_foreign_name_for_this_machine_is_refused(http: httpx.Client, host: str) -> None:
    assert http.get("config", headers={"host": host}).status_code == 400


def test_a_foreign_origin_is_told_nothing(http: httpx.Client) -> None:
    answer = http.get("config", headers={"origin": FOREIGN})
    asked = {"origin": FOREIGN, "access-control-request-method": "POST"}
    for response in (answer, http.options("gradio_api/queue/join", headers=asked)):
        assert not [name for name in response.headers if name.startswith("access-control")]


def test_pages_of_other_sites_change_nothing(http: httpx.Client) -> None:
    headers = {"origin": FOREIGN, "sec-fetch-site": "cross-site"}
    answer = http.post("gradio_api/queue/join", json={"data": []}, headers=headers)
    assert answer.status_code == 403
    assert sentence(answer)


def test_a_public_server_takes_no_foreign_origin(tmp_path: Path) -> None:
    allowed = "https://friend.example"
    changes = {"GRADIO_SERVER_NAME": "0.0.0.0", "BGSWAP_ORIGINS": allowed}
    with served(tmp_path, **changes) as app, httpx.Client(base_url=app.url, timeout=60) as http:
        told = {
            origin: http.get("config", headers={"origin": origin, "host": "space.example"}).headers
            for origin in (FOREIGN, "https://space.example", allowed)
        }
    name = "access-control-allow-origin"
    assert name not in told[FOREIGN]
    assert told["https://space.example"][name] == "https://space.example"
    assert told[allowed][name] == allowed


@pytest.mark.parametrize("path", ["monitoring", "monitoring/summary", "monitoring/key"])
def test_nobody_reads_who_used_it(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 403


def test_what_goes_wrong_inside_is_not_hidden() -> None:
    async def failing(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("a bug")

    scope = {"type": "http", "method": "GET", "headers": []}
    with pytest.raises(RuntimeError, match="a bug"):
        asyncio.run(RequestLimits(failing, 1)(scope, None, None))
