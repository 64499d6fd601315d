"""The two lanes of the queue, and the place in it that a waiting visitor is shown."""

import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from gradio.queueing import Queue
from gradio_client import Client, handle_file
from photos import BUS

from bgswap.ui.lanes import PEOPLE, SCENES, place_of

# Steps of a scene that takes far longer than finding people does.
LONG = 60


class Job:
    """What a queue knows of a job."""

    def __init__(self, fn: str, visitor: str) -> None:
        self.fn, self.session_hash = fn, visitor


@pytest.fixture
def queue() -> Any:
    """A queue in which ``swap`` takes 10 s on average and began 4 s ago; three more wait."""
    queue: Any = Queue(True, 1, 1, 32, None, None)
    for name in ("people", "scenes"):
        queue.create_event_queue_for_fn(
            type("Fn", (), {"concurrency_id": name, "concurrency_limit": 1})
        )
    queue.process_time_per_fn["swap"].add(8)
    queue.process_time_per_fn["swap"].add(12)
    scenes = queue.event_queue_per_concurrency_id["scenes"]
    scenes.start_times_per_fn["swap"].add(time.time() - 4)
    scenes.queue += [Job("swap", "a"), Job("swap", "b"), Job("other", "c"), Job("swap", "d")]
    return queue


def test_place_and_wait_in_a_lane(queue: Any) -> None:
    first, second = (place_of(queue, SCENES, visitor) for visitor in "ab")
    assert first is not None
    assert second is not None
    assert (first.number, first.waiting) == (1, 4)
    assert first.seconds == pytest.approx(6, abs=0.5), "the rest of the job that runs"
    assert second.seconds == pytest.approx(16, abs=0.5)
    assert str(second) == "2 / 4 · ≈ 16 s"


def test_the_wait_is_unknown_behind_a_job_that_never_ran(queue: Any) -> None:
    third, last = (place_of(queue, SCENES, visitor) for visitor in "cd")
    assert third is not None
    assert last is not None
    assert third.seconds == pytest.approx(26, abs=0.5), "its own time does not count"
    assert (last.number, last.seconds, str(last)) == (4, None, "4 / 4")


def test_who_does_not_wait_has_no_place(queue: Any) -> None:
    assert place_of(queue, SCENES, "unknown session") is None
    assert place_of(queue, PEOPLE, "a") is None
    assert place_of(Queue(True, 1, 1, 32, None, None), SCENES, "a") is None  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def client(app_url: str) -> Client:
    return Client(app_url, verbose=False, analytics_enabled=False)


def test_people_are_found_while_a_scene_is_painted(client: Client) -> None:
    scene = client.submit(
        photo=handle_file(BUS), prompt="a forest", steps=LONG, api_name="/replace_background"
    )
    _, details = client.predict(photo=handle_file(BUS), api_name="/find_people")
    assert len(details["people"]) >= 2
    assert not scene.done()
    assert scene.result()[1]["kept"]


def test_who_waits_for_a_scene_is_told_the_place(client: Client, app_url: str) -> None:
    scenes = [
        client.submit(
            photo=handle_file(BUS), prompt="a forest", steps=LONG, api_name="/replace_background"
        )
        for _ in range(2)
    ]
    while len([job for job in scenes if job.status().code.name in ("PROCESSING", "IN_QUEUE")]) < 2:
        time.sleep(0.1)
    told = list(_told_after_generate(client, app_url))
    assert any("2 / 2" in panel for panel in told), told
    assert all(job.result()[1]["kept"] for job in scenes)


def _told_after_generate(client: Client, url: str) -> Any:
    """What the page's progress shows when Generate is pressed and others are before it."""
    generate, tell = _page_events(client)
    visitor = uuid4().hex
    sizes = {
        event: len(client.config["dependencies"][event]["inputs"]) for event in (generate, tell)
    }
    for event in (generate, tell):
        body = {"data": [None] * sizes[event], "fn_index": event, "session_hash": visitor}
        httpx.post(f"{url}gradio_api/queue/join", json=body, timeout=60).raise_for_status()
    asked = {"session_hash": visitor}
    with httpx.stream("GET", f"{url}gradio_api/queue/data", params=asked, timeout=600) as answer:
        for line in answer.iter_lines():
            message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
            if message.get("msg") in ("process_generating", "process_completed"):
                yield json.dumps(message["output"], ensure_ascii=False)


def _page_events(client: Client) -> tuple[int, int]:
    """The indices of the page's events that paint a scene, and that tell the place."""
    events = client.config["dependencies"]
    lanes = [event["id"] for event in events if event["api_name"] == "generate"]
    tellers = [event["id"] for event in events if event["api_name"].startswith("tell")]
    return lanes[0], tellers[0]
