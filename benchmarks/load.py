"""Many visitors at once: who is answered, who is refused, and how quickly the page still comes.

    python -m benchmarks.load [--clients 50] [--people 10] [--json FILE]

Serves the app with the starter models on a free port. First ``--clients`` clients of its API ask
for a scene at the same moment, while the page is fetched twice a second. Then as many clients as
``--people`` ask who is in a photo while scenes are being made.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from gradio_client import Client, handle_file
from gradio_client.utils import QueueError

from benchmarks.sheet import known_photo
from training.common.cards import markdown_table

# Seconds: between two fetches of the page, and that the app has to start.
EVERY, START = 0.5, 300.0


@contextmanager
def served() -> Iterator[str]:
    """The address of an app that is served until the block ends.

    Raises:
        RuntimeError: it does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as cache:
        settings = {
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
            "GRADIO_TEMP_DIR": cache,
            "BGSWAP_MODELS": "starter",
        }
        process = subprocess.Popen([sys.executable, "app.py"], env=os.environ | settings)
        address = f"http://127.0.0.1:{port}/"
        try:
            _wait(address, process)
            yield address
        finally:
            process.terminate()
            process.wait(30)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(address)
            return
        except httpx.TransportError:
            time.sleep(0.5)
    raise RuntimeError("the app did not start")


@contextmanager
def page_fetched(address: str) -> Iterator[list[float]]:
    """Seconds of each fetch of the page, filled while the block runs."""
    seconds: list[float] = []
    ended = threading.Event()

    def fetch() -> None:
        while not ended.wait(EVERY):
            start = time.perf_counter()
            httpx.get(address, timeout=60).raise_for_status()
            seconds.append(time.perf_counter() - start)

    thread = threading.Thread(target=fetch)
    thread.start()
    try:
        yield seconds
    finally:
        ended.set()
        thread.join()


def asked(clients: list[Client], ask: Callable[[Client], Any]) -> list[tuple[str, float]]:
    """What each of the clients got when all ask at once: ``answered`` or a message, and seconds."""
    barrier = threading.Barrier(len(clients))

    def one(client: Client) -> tuple[str, float]:
        barrier.wait()
        start = time.perf_counter()
        try:
            ask(client)
            said = "answered"
        except (ValueError, QueueError, httpx.HTTPError) as error:
            said = str(error)
        return said, time.perf_counter() - start

    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(one, clients))


def measure(count: int, people: int, photo: Path) -> dict[str, Any]:
    """Both rounds against one app."""
    with served() as address, tempfile.TemporaryDirectory() as folder:
        clients = [
            Client(address, verbose=False, download_files=folder, analytics_enabled=False)
            for _ in range(max(count, people))
        ]
        sent = handle_file(str(photo))

        def scene(client: Client) -> Any:
            return client.predict(photo=sent, prompt="a forest", api_name="/replace_background")

        clients[0].predict(photo=sent, api_name="/find_people")
        scene(clients[0])
        with page_fetched(address) as page:
            scenes = asked(clients[:count], scene)
        busy = [
            client.submit(photo=sent, prompt="a beach", api_name="/replace_background")
            for client in clients[:2]
        ]
        found = asked(clients[:people], lambda c: c.predict(photo=sent, api_name="/find_people"))
        for job in busy:
            job.result()
    outcomes = Counter(said for said, _ in scenes)
    return {
        "clients": count,
        "outcomes": dict(outcomes),
        "last_answer_s": round(max(s for _, s in scenes), 1),
        "page_median_s": round(statistics.median(page), 2),
        "page_worst_s": round(max(page), 2),
        "people_asked": people,
        "people_answered": sum(said == "answered" for said, _ in found),
        "people_worst_s": round(max(s for _, s in found), 1),
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=50, help="that ask for a scene at once")
    parser.add_argument("--people", type=int, default=10, help="that ask who is in a photo")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    figures = measure(options.clients, options.people, known_photo("zidane.jpg"))
    rows = [[name.replace("_", " "), str(value)] for name, value in figures.items()]
    print(markdown_table(["what", "figure"], rows))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
