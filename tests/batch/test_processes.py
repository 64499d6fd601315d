"""Worker processes: fed, watched and replaced."""

import os
import time
from collections import Counter
from pathlib import Path

import pytest
from batch_fakes import Workers

from bgswap.batch.inputs import Found
from bgswap.batch.job_files import Row
from bgswap.batch.jobs import Job, Request, plan
from bgswap.batch.processes import Pool, WorkersFailed

ENVIRONMENT = {"BGSWAP_TEST_PLACE": "1"}


def jobs_of(folder: Path, *names: str) -> list[Job]:
    for name in names:
        (folder / name).write_bytes(name.encode())
    return plan([Row(Found(folder / name, Path(name))) for name in names], Request("snow"))


def begun(log: Path) -> Counter[str]:
    lines = log.read_text().splitlines() if log.exists() else []
    return Counter(line.split(" ", 2)[2] for line in lines if line.startswith("begin"))


@pytest.mark.parametrize("count", [1, 2, 5])
def test_each_job_has_one_outcome(tmp_path: Path, count: int) -> None:
    jobs = jobs_of(tmp_path, "a.jpg", "b.jpg", "refuse.jpg", "c.jpg")
    workers = Workers(tmp_path / "out", tmp_path / "log", seconds=0.05)
    outcomes = list(Pool(workers, [ENVIRONMENT] * count)(jobs))
    statuses = {Path(one.path).stem: one.status for one in outcomes}
    assert statuses == {"a": "done", "b": "done", "c": "done", "refuse": "refused"}
    assert len(outcomes) == 4 and set(begun(workers.log).values()) == {1}
    processes = {line.split()[1] for line in workers.log.read_text().splitlines()}
    assert len(processes) <= count and str(os.getpid()) not in processes
    assert "BGSWAP_TEST_PLACE" not in os.environ


def test_no_jobs_need_no_process(tmp_path: Path) -> None:
    assert list(Pool(Workers(tmp_path, tmp_path / "log", dead=True), [ENVIRONMENT])([])) == []


@pytest.mark.parametrize("name", ["bug.jpg", "read-bug.jpg"])
def test_a_bug_costs_its_own_photo(tmp_path: Path, name: str) -> None:
    jobs = jobs_of(tmp_path, "a.jpg", name, "b.jpg", "c.jpg")
    outcomes = list(Pool(Workers(tmp_path / "out", tmp_path / "log"), [ENVIRONMENT])(jobs))
    failed = [one for one in outcomes if one.status == "failed"]
    assert [Path(one.path).name for one in failed] == [name]
    assert "went wrong" in failed[0].error
    assert len(outcomes) == 4


def test_a_photo_that_kills_its_worker_is_given_up_alone(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, "a.jpg", "die.jpg", "b.jpg", "c.jpg", "d.jpg")
    workers = Workers(tmp_path / "out", tmp_path / "log", seconds=0.05)
    outcomes = list(Pool(workers, [ENVIRONMENT] * 2)(jobs))
    failed = [one for one in outcomes if one.status != "done"]
    assert [Path(one.path).name for one in failed] == ["die.jpg"]
    assert failed[0].error == "its worker process ended (signal 9)"
    assert len(outcomes) == 5
    assert begun(workers.log)["die.png"] == 2


def test_workers_that_cannot_start_are_said(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, "a.jpg")
    with pytest.raises(WorkersFailed, match="scene model cannot be had"):
        list(Pool(Workers(tmp_path, tmp_path / "log", broken=True), [ENVIRONMENT])(jobs))
    with pytest.raises(WorkersFailed, match=r"before they are ready \(signal 9\)"):
        list(Pool(Workers(tmp_path, tmp_path / "log", dead=True), [ENVIRONMENT])(jobs))


def test_closing_ends_the_processes_at_once(tmp_path: Path) -> None:
    jobs = jobs_of(tmp_path, *(f"{number}.jpg" for number in range(6)))
    workers = Workers(tmp_path / "out", tmp_path / "log", seconds=0.2)
    outcomes = Pool(workers, [ENVIRONMENT] * 2)(jobs)
    next(outcomes)
    outcomes.close()
    then = workers.log.read_text()
    time.sleep(0.5)
    assert workers.log.read_text() == then
    assert 1 <= len(list(workers.out.iterdir())) < 6
