"""After whatever a Hub did, the next try starts afresh: no lock is held, no thread is left."""

import logging
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from mask_model import REPO, same

from bgswap import Settings
from bgswap.models import WeightStore, deadline, store
from bgswap.models import hub as weights_hub

FILE = "GET .*/resolve/.*safetensors"


@pytest.mark.parametrize("fault", ["drip", "silent"])
def test_a_hub_that_is_slow_and_then_recovers(hub, settings, starter, full, monkeypatch, fault):
    monkeypatch.setattr(weights_hub, "STALL_TIMEOUT", 6.0)
    monkeypatch.setattr(store, "RETRY_AFTER", 1.0)
    hub.strike(fault, FILE)
    weights_of = WeightStore(settings, starter=starter)
    assert "broke off" in weights_of.get("mask_autoencoder").note
    hub.strike(None)
    begin = time.monotonic()
    while (weights := weights_of.get("mask_autoencoder")).kind != "full":
        assert time.monotonic() < begin + store.RETRY_AFTER + 10
        time.sleep(0.1)
    assert same(weights.path, full)


@pytest.mark.parametrize(("fault", "where"), [("429", FILE), ("silent", "GET /api/")])
def test_twenty_failures_leave_no_thread_and_no_file(
    hub, settings, starter, monkeypatch, fault, where
):
    monkeypatch.setattr(store, "RETRY_AFTER", 0.0)
    monkeypatch.setattr(deadline, "RETRY_HOST_AFTER", 0.0)
    hub.strike(fault, where)
    weights_of = WeightStore(Settings(mask_autoencoder=REPO, hub_timeout=0.2), starter=starter)
    # The Hub of the test answers in threads of this process: only ours are counted.
    counts = []
    for _ in range(20):
        assert weights_of.get("mask_autoencoder").kind == "starter"
        threads = [t for t in threading.enumerate() if t.name.startswith("weights")]
        counts.append(
            (len(threads), len(list(Path("/proc/self/fd").iterdir())) - len(hub.connections))
        )
    assert {threads for threads, _ in counts} == {0}
    assert counts[-1][1] <= counts[2][1]


def test_a_failure_is_one_line_in_the_log(hub, settings, starter, caplog):
    hub.close()
    with caplog.at_level(logging.INFO):
        WeightStore(settings, starter=starter).get("mask_autoencoder")
    said = [record for record in caplog.records if "cannot be reached" in record.getMessage()]
    assert len(said) == 1
    assert "\n" not in said[0].getMessage()
    assert not [record for record in caplog.records if record.exc_info]


PARENT = """
import sys
from bgswap.models import process
child = "import sys, time; from bgswap.models.process import end_with_parent; end_with_parent(); "
child += "print(__import__('os').getpid(), file=open(sys.argv[1], 'w'), flush=True); time.sleep(99)"
process.run([sys.executable, "-c", child, sys.argv[1]], stall=99)
"""


def runs(pid: str) -> bool:
    try:
        state = Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_download_ends_with_the_program(tmp_path):
    pid_file = tmp_path / "child"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(pid_file)])
    end = time.monotonic() + 60
    while not (pid_file.exists() and pid_file.read_text().strip()) and time.monotonic() < end:
        time.sleep(0.1)
    child = pid_file.read_text().strip()
    assert runs(child)
    parent.kill()
    parent.wait()
    while runs(child):
        assert time.monotonic() < end
        time.sleep(0.1)
