"""Downloads in the background: shared by callers, reported, done once; and their results."""

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from mask_model import REPO, same

from bgswap.models import WeightStore


def state(store: WeightStore) -> str:
    return {one.role: one.state for one in store.status()}["mask_autoencoder"]


def wait_for(condition) -> None:
    tick = threading.Event()
    for _ in range(1000):
        if condition():
            return
        tick.wait(0.01)
    pytest.fail("it never came")


def test_the_page_gets_the_starter_at_once_and_the_full_model_later(hub, settings, starter, full):
    gate = threading.Event()
    waiting = hub.faulty
    hub.faulty = lambda method, path: gate.wait(10) and waiting(method, path)
    store = WeightStore(settings, wait=False, starter=starter)
    weights = store.get("mask_autoencoder")
    assert weights.kind == "starter"
    assert "still downloading" in weights.note
    assert state(store) == "downloading"
    gate.set()
    wait_for(lambda: state(store) != "downloading")
    assert state(store) == "ready"
    assert same(store.get("mask_autoencoder").path, full)


def test_downloads_started_early_are_joined(hub, settings, starter, full):
    store = WeightStore(settings, starter=starter)
    store.start_downloads(["mask_autoencoder", "face_vae"])
    assert same(store.get("mask_autoencoder").path, full)
    assert len([path for method, path in hub.requests if method == "GET" and "/api/" in path]) == 1


def test_progress_is_reported(hub, settings, starter, caplog):
    seen = []
    store = WeightStore(settings, starter=starter)
    faulty = hub.faulty

    def look(method: str, path: str) -> bool:
        seen.append({s.role: s.fraction for s in store.status()}["mask_autoencoder"])
        return faulty(method, path)

    hub.faulty = look
    with caplog.at_level("INFO", logger="bgswap"):
        store.get("mask_autoencoder")
    assert seen[0] is None
    assert all(0 <= fraction <= 1 for fraction in seen if fraction is not None)
    assert f"Mask autoencoder: fetching {REPO}" in caplog.text
    assert "100 %" in caplog.text


def test_weights_that_do_not_fit_are_left(hub, settings, starter):
    store = WeightStore(settings, starter=starter)
    assert store.get("mask_autoencoder").kind == "full"
    store.reject("mask_autoencoder", "the first layer has 3 channels, expected 1")
    assert state(store) == "failed"
    weights = store.get("mask_autoencoder")
    assert weights.kind == "starter"
    assert "cannot be used: the first layer has 3 channels" in weights.note
    store.start_downloads(["mask_autoencoder"])
    assert store.get("mask_autoencoder").kind == "starter"


def test_many_threads_fetch_once(hub, settings, starter, full):
    store = WeightStore(settings, starter=starter)
    results: list[Path] = []
    threads = [
        threading.Thread(target=lambda: results.append(store.get("mask_autoencoder").path))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results)) == 1
    assert len([r for r in hub.requests if r[0] == "GET" and r[1].endswith("safetensors")]) == 1


def test_a_failed_download_is_retried_after_some_minutes(hub, settings, starter, full, monkeypatch):
    hub.strike("500")
    store = WeightStore(settings, starter=starter)
    assert store.get("mask_autoencoder").kind == "starter"
    hub.strike(None)
    now = time.monotonic()
    monkeypatch.setattr("bgswap.models.store.time", SimpleNamespace(monotonic=lambda: now + 60))
    assert store.get("mask_autoencoder").kind == "starter"
    monkeypatch.setattr("bgswap.models.store.time", SimpleNamespace(monotonic=lambda: now + 400))
    assert same(store.get("mask_autoencoder").path, full)
