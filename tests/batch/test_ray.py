"""The same workers on a Ray cluster, of which a machine is lost in the middle."""

import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from batch_fakes import Workers

from bgswap.batch.inputs import find_photos
from bgswap.batch.job_files import Row
from bgswap.batch.jobs import Job, Request, plan
from bgswap.batch.ray_engine import RayConfig, RayEngine
from bgswap.batch.session import run

ray = pytest.importorskip("ray")
# Odd names, and two photos that fail.
NAMES = [
    *(f"{number}.jpg" for number in range(9)),
    "ü b#1%20.jpg",
    "refuse.jpg",
    "bug.jpg",
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head that computes nothing, and two machines with two cores each."""
    from ray.cluster_utils import Cluster

    # The processes of its machines import the workers of these tests.
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    small = {"object_store_memory": 100 * 2**20}
    head = {"num_cpus": 0, "include_dashboard": False, **small}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        cluster.add_node(num_cpus=2, **small)
    ray.init(cluster.address, log_to_driver=False)
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    patch.undo()


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    (tmp_path / "in").mkdir()
    for name in NAMES:
        (tmp_path / "in" / name).write_bytes(name.encode())
    return plan([Row(p) for p in find_photos([str(tmp_path / "in")], tmp_path)], Request("snow"))


def log_lines(workers: Workers, what: str) -> list[list[str]]:
    lines = workers.log.read_text().splitlines() if workers.log.exists() else []
    return [line.split(" ", 2) for line in lines if line.startswith(what)]


def lose_a_machine(cluster: Any, workers: Workers, lost: list[str], over: threading.Event) -> None:
    """Once two actors have each made something, take the machine of one of them away."""
    while len({pid for _, pid, _ in log_lines(workers, "end")}) < 2:
        if over.wait(0.02):
            return
    pid = log_lines(workers, "begin")[-1][1]
    parents = {process.pid for process in psutil.Process(int(pid)).parents()}
    for node in list(cluster.worker_nodes):
        if node.all_processes["raylet"][0].process.pid in parents:
            cluster.remove_node(node, allow_graceful=False)
            lost.append(pid)


def test_a_cluster_that_loses_a_machine_makes_every_photo(
    tmp_path: Path, cluster: Any, jobs: list[Job]
) -> None:
    out, lost = tmp_path / "out", []
    workers = Workers(out, tmp_path / "log", seconds=0.3, crew=2)
    over = threading.Event()
    losing = threading.Thread(target=lose_a_machine, args=(cluster, workers, lost, over))
    losing.start()
    summary = run(jobs, out, RayEngine(workers, out, workers=2))
    over.set()
    losing.join()
    assert (summary.done, summary.left, summary.stopped) == (10, 0, "")
    assert lost, "no machine was lost in the middle"
    failed = {Path(one.path).name: one.error for one in summary.failed}
    assert failed.keys() == {"refuse.jpg", "bug.jpg"}
    assert failed["refuse.jpg"] == "No person detected"
    lines = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    assert sorted(line["output"] for line in lines) == sorted(job.output for job in jobs)
    alone = Workers(tmp_path / "alone", tmp_path / "log-alone")()
    for job in jobs:
        if Path(job.path).name not in failed:
            alone.make(job, alone.read(job))
            content = (tmp_path / "alone" / job.output).read_bytes()
            assert (out / job.output).read_bytes() == content
    assert not list(out.rglob("*.partial"))
    before = workers.log.read_text()
    again = run(jobs, out, RayEngine(workers, out, workers=2))
    assert again.before == 10
    begun = workers.log.read_text().removeprefix(before).splitlines()
    assert {line.split(" ", 2)[2] for line in begun} == {"bug.png"}, "refusals are settled"


def test_a_photo_that_kills_its_actors_is_given_up(tmp_path: Path, cluster: Any) -> None:
    for name in ("a.jpg", "die.jpg", "gone.jpg"):
        (tmp_path / name).write_bytes(name.encode())
    rows = [Row(photo) for photo in find_photos([str(tmp_path)], tmp_path / "out")]
    jobs = plan(rows, Request("snow"))
    (tmp_path / "gone.jpg").unlink()
    out = tmp_path / "out"
    workers = Workers(out, tmp_path / "log")
    outcomes = list(RayEngine(workers, out, workers=1, config=RayConfig(attempts=2))(jobs))
    statuses = {Path(one.path).stem: (one.status, one.error) for one in outcomes}
    assert statuses["a"] == ("done", "")
    assert statuses["die"] == ("failed", "its worker ended 2 times")
    assert statuses["gone"][0] == "refused"
    assert len(outcomes) == 3
