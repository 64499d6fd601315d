"""How many workers a machine holds."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from bgswap.batch import capacity
from bgswap.batch.capacity import THREADS, CapacityConfig, worker_environments
from bgswap.settings import Settings

STARTER = Settings(models="starter", device="cpu")
GIB = 2**30


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    def of(cores: int, gibibytes: float, gpus: int = 0) -> None:
        monkeypatch.setattr(capacity, "cores", lambda: cores)
        monkeypatch.setattr(capacity, "memory", lambda: int(gibibytes * GIB))
        monkeypatch.setattr(capacity, "_gpus", lambda: [str(number) for number in range(gpus)])

    return of


@pytest.mark.parametrize(
    ("cores", "gibibytes", "workers", "threads"),
    [(2, 64, 2, "1"), (8, 64, 8, "1"), (8, 10, 3, "2"), (1, 1, 1, "1"), (16, 2, 1, "16")],
)
def test_a_cpu_holds_what_cores_and_memory_allow(
    machine, cores: int, gibibytes: float, workers: int, threads: str
) -> None:
    machine(cores, gibibytes)
    made = worker_environments(STARTER)
    assert len(made) == workers
    assert {place["OMP_NUM_THREADS"] for place in made} == {threads}


def test_threads_do_not_depend_on_the_workers_asked_for(machine) -> None:
    machine(8, 10)
    assert (
        worker_environments(STARTER, 1)[0]
        == worker_environments(STARTER, 5)[0]
        == worker_environments(STARTER)[0]
    )
    assert len(worker_environments(STARTER, 5)) == 5


def test_full_models_need_more_memory(machine) -> None:
    machine(8, 10)
    assert len(worker_environments(Settings(models="full", device="cpu"))) == 1
    little = CapacityConfig(full_memory=GIB)
    assert len(worker_environments(Settings(models="full", device="cpu"), config=little)) == 8


def test_each_gpu_has_a_worker(machine) -> None:
    machine(16, 64, gpus=2)
    auto = Settings(device="auto")
    assert [place["CUDA_VISIBLE_DEVICES"] for place in worker_environments(auto)] == ["0", "1"]
    devices = [place["CUDA_VISIBLE_DEVICES"] for place in worker_environments(auto, 3)]
    assert devices == ["0", "1", "0"]
    assert all("CUDA_VISIBLE_DEVICES" not in place for place in worker_environments(STARTER))


def test_devices_that_are_hidden_stay_hidden() -> None:
    assert capacity._gpus({"CUDA_VISIBLE_DEVICES": "3,GPU-5a"}) == ["3", "GPU-5a"]
    assert capacity._gpus({"CUDA_VISIBLE_DEVICES": ""}) == []
    assert capacity._gpus({"CUDA_VISIBLE_DEVICES": "-1"}) == []


def test_a_container_has_its_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "CGROUP", tmp_path)
    free, whole = capacity.cores(), capacity.memory()
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    (tmp_path / "memory.max").write_text(f"{GIB}\n")
    assert capacity.cores() == 1 and capacity.memory() == GIB
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert capacity.cores() == free and capacity.memory() == whole


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="what is set is read by glibc")
def test_workers_keep_memory_that_they_freed(machine) -> None:
    machine(2, 64)
    blocks = (
        "import resource, numpy\n"
        "for _ in range(20): [numpy.ones(3 * 2**20) for _ in range(6)]\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)"
    )

    def faults(variables: dict[str, str]) -> int:
        run = subprocess.run(
            [sys.executable, "-c", blocks], env=os.environ | variables, stdout=subprocess.PIPE
        )
        return int(run.stdout)

    threads = dict.fromkeys(THREADS, "1")
    assert faults(worker_environments(STARTER)[0]) < faults(threads) / 2
