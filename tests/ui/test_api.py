"""The endpoints as programs use them, and the tools that the MCP server lists."""

import json
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError, ValidationError
from photos import BUS, empty_photo
from PIL import Image

from bgswap.options import rows
from bgswap.presets import CHOICES
from bgswap.ui.texts import text

SWAP, FIND, MANY = "/replace_background", "/find_people", "/replace_backgrounds"
# One step is enough wherever the scene itself does not matter.
QUICK = {"steps": 1, "seed": 7}


@pytest.fixture(scope="module")
def client(app_url: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    folder = tmp_path_factory.mktemp("downloads")
    return Client(app_url, verbose=False, download_files=folder, analytics_enabled=False)


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def test_only_the_three_endpoints_are_shown(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)
    assert set(endpoints["named_endpoints"]) == {SWAP, FIND, MANY}
    assert not endpoints["unnamed_endpoints"]
    for endpoint in endpoints["named_endpoints"].values():
        assert "photo" in endpoint["description"]


def test_parameters_are_named_and_typed(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    parameters = {p["parameter_name"]: p for p in endpoints[SWAP]["parameters"]}
    assert list(parameters)[:12] == [
        "photo",
        "prompt",
        "people",
        "negative_prompt",
        "seed",
        "steps",
        "guidance_scale",
        "variations",
        "light",
        "shadow",
        "enhance_faces",
        "preset",
    ], "what is there keeps its place: new options come last"
    assert list(parameters)[3:] == list(rows())
    assert parameters["people"]["parameter_default"] == "all"
    # Programs get exact pixels unless they ask for more; the page begins with a little light.
    assert {parameters[n]["parameter_default"] for n in ("light", "shadow")} == {0.0}
    shown = {c["props"].get("label"): c["props"].get("value") for c in client.config["components"]}
    assert (shown[text("option_light")], shown[text("option_shadow")]) == (0.3, 0.1)
    assert not parameters["photo"]["parameter_has_default"]
    assert [p["parameter_name"] for p in endpoints[FIND]["parameters"]] == ["photo"]


def test_mcp_lists_all_tools(app_url: str) -> None:
    tools = get_json(f"{app_url}gradio_api/mcp/schema")
    assert {tool["name"] for tool in tools} == {name[1:] for name in (SWAP, FIND, MANY)}
    assert all("photo" in tool["description"] for tool in tools)
    (swap,) = (tool["inputSchema"] for tool in tools if tool["name"] == "replace_background")
    for name, option in rows().items():
        assert swap["properties"][name]["description"].startswith(f"{option.described()}.")
    assert swap["properties"]["preset"]["enum"] == list(CHOICES)
    assert swap["properties"]["variations"]["type"] == "integer"
    described = [json.dumps(tool) for tool in tools]
    assert not [text for text in described if ",," in text or ".." in text.replace("...", "")]


def test_find_people_gives_cut_outs_and_details(client: Client) -> None:
    gallery, details = client.predict(handle_file(BUS), api_name=FIND)
    assert set(details) == {"people", "models", "seconds", "size", "notes"}
    assert details["size"] == [810, 1080]
    numbers = [person["number"] for person in details["people"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(gallery) == len(numbers) >= 2
    for tile, person in zip(gallery, details["people"], strict=True):
        assert tile["caption"] == f"{person['number']} · {person['confidence']:.0%}"
        with Image.open(tile["image"]) as picture:
            assert (picture.format, picture.mode) == ("PNG", "RGBA")
            assert abs(picture.height - (person["box"][3] - person["box"][1])) < 120


def test_one_person_stays(client: Client) -> None:
    path, details = client.predict(
        photo=handle_file(BUS), prompt="a forest", people=[2], api_name=SWAP, **QUICK
    )
    assert details["kept"] == [2]
    assert details["seed"] == 7
    assert details["prompt"] == "a forest"
    with Image.open(path) as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (810, 1080))
        pixels = np.asarray(picture)
    photo = np.asarray(Image.open(BUS).convert("RGB"))
    x0, y0, x1, y1 = details["people"][1]["box"]
    same = (pixels == photo).all(-1)
    assert same[y0:y1, x0:x1].mean() > 0.3, "who stays is untouched"
    outside = np.ones(same.shape, bool)
    outside[y0:y1, x0:x1] = False
    assert same[outside].mean() < 0.05, "all else is new"


def test_everyone_stays_by_word_and_by_default(client: Client) -> None:
    photo = handle_file(BUS)
    path, details = client.predict(photo=photo, prompt="a forest", api_name=SWAP, **QUICK)
    assert details["kept"] == [person["number"] for person in details["people"]]
    other, _ = client.predict(photo=photo, prompt="a forest", people="all", api_name=SWAP, **QUICK)
    assert np.array_equal(np.asarray(Image.open(path)), np.asarray(Image.open(other)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"people": [99]}, "There is no person 99"),
        ({"people": 98}, "There is no person 98"),
        ({"people": []}, "people must be"),
        ({"people": "some"}, "people must be"),
        ({"prompt": "  "}, "Describe the scene"),
        ({"steps": 0}, "steps must be a whole number from 1 to 100"),
        ({"shadow": 1.5}, "shadow must be a number from 0 to 1"),
        ({"preset": "best"}, "preset must be one of"),
    ],
)
def test_bad_input_is_told_in_words(client: Client, change: dict[str, Any], message: str) -> None:
    arguments = {"photo": handle_file(BUS), "prompt": "a forest"} | QUICK | change
    with pytest.raises((AppError, ValidationError), match=message):
        client.predict(api_name=SWAP, **arguments)


@pytest.mark.parametrize("endpoint", [SWAP, FIND])
def test_a_broken_file_is_told_in_words(client: Client, tmp_path: Path, endpoint: str) -> None:
    notes = tmp_path / "notes.jpg"
    notes.write_text("not a picture")
    rest = {"prompt": "a forest"} if endpoint == SWAP else {}
    with pytest.raises(AppError, match=r"notes\.jpg is no picture"):
        client.predict(photo=handle_file(notes), api_name=endpoint, **rest)


def test_nobody_there_is_told_as_such(client: Client, tmp_path: Path) -> None:
    Image.fromarray(empty_photo()).save(tmp_path / "empty.png")
    with pytest.raises(AppError, match="No person detected"):
        client.predict(photo=handle_file(tmp_path / "empty.png"), api_name=FIND)


def test_no_file_of_the_server_can_be_named(client: Client) -> None:
    # A plain dict lacks the mark of an upload: Gradio itself would let it through.
    with pytest.raises(ValidationError, match="photo must be an uploaded picture"):
        client.predict(photo={"path": "/etc/hostname"}, prompt="a forest", api_name=SWAP)


@pytest.mark.parametrize("endpoint", [SWAP, FIND])
@pytest.mark.parametrize(
    ("photo", "message"),
    [
        ("/etc/hostname", "photo must be an uploaded picture file"),
        ([str(BUS)], "photo must be an uploaded picture file"),
        (None, "photo must be an uploaded picture file"),
        (handle_file("http://127.0.0.1:9/bus.jpg"), "this address cannot or may not be fetched"),
        (handle_file("http://10.0.0.1/bus.jpg"), "this address cannot or may not be fetched"),
        (handle_file("http://no-such-host.invalid/x"), "this address cannot or may not be fetched"),
        ("http://localhost/bus.jpg", "this address cannot or may not be fetched"),
    ],
)
def test_a_photo_that_is_no_upload_is_told_in_words(
    client: Client, endpoint: str, photo: Any, message: str
) -> None:
    rest = {"prompt": "a forest"} if endpoint == SWAP else {}
    with pytest.raises(ValidationError, match=message):
        client.predict(photo=photo, api_name=endpoint, **rest)


def start(app_url: str, endpoint: str) -> str:
    """Put work on the street photo into the queue, a long one where possible; the event's id."""
    upload = httpx.post(
        f"{app_url}gradio_api/upload", files={"files": ("bus.jpg", BUS.read_bytes())}
    )
    photo = {"path": upload.json()[0], "meta": {"_type": "gradio.FileData"}}
    rest = {"prompt": "a forest", "steps": 100, "variations": 8} if endpoint == SWAP else {}
    answer = httpx.post(f"{app_url}gradio_api/call/v2{endpoint}", json={"photo": photo} | rest)
    assert answer.status_code == 200, answer.text
    return answer.json()["event_id"]


def cancel(app_url: str, client: Client, event: str, endpoint: str) -> None:
    endpoints = client.config["dependencies"]
    number = next(d["id"] for d in endpoints if d["api_name"] == endpoint[1:])
    body = {"session_hash": event, "fn_index": number, "event_id": event}
    httpx.post(f"{app_url}gradio_api/cancel", json=body, timeout=30)


@pytest.mark.parametrize("way", ["disconnect", "cancel"])
@pytest.mark.parametrize(("endpoint", "seconds"), [(SWAP, 8), (FIND, 1)])
def test_work_ends_when_nobody_waits_for_it(
    app_url: str, client: Client, tmp_path: Path, way: str, endpoint: str, seconds: int
) -> None:
    notes = tmp_path / "notes.jpg"
    notes.write_text("not a picture")
    event = start(app_url, endpoint)
    if way == "cancel":
        time.sleep(seconds)
        begun = time.monotonic()
        cancel(app_url, client, event, endpoint)
    else:
        address = f"{app_url}gradio_api/call{endpoint}/{event}"
        with suppress(httpx.ReadTimeout), httpx.stream("GET", address, timeout=seconds) as answer:
            answer.read()
        begun = time.monotonic()
    with pytest.raises(AppError, match="no picture"):
        client.predict(photo=handle_file(notes), api_name=FIND)
    # On a busy machine the one step that cannot be left takes some seconds; all of it a minute.
    assert time.monotonic() - begun < 12


def test_options_are_refused_before_the_queue(app_url: str, client: Client) -> None:
    event = start(app_url, SWAP)
    begun = time.monotonic()
    with pytest.raises(ValidationError, match="people must be"):
        client.predict(
            photo=handle_file(BUS), prompt="a forest", people=["x"], api_name=SWAP, **QUICK
        )
    # Whatever waits, waits for the better part of a minute.
    assert time.monotonic() - begun < 10
    cancel(app_url, client, event, SWAP)
