"""Every fault of a Hub: the starter is used, and its note says why."""

from dataclasses import replace

import pytest
from huggingface_hub import constants
from mask_model import REPO, same, saved

from bgswap import ModelUnavailable, Settings
from bgswap.models import WeightStore, deadline
from bgswap.models import hub as weights_hub

API, FILE = "GET /api/", "/resolve/.*safetensors"


def impatient(settings: Settings) -> Settings:
    return replace(settings, hub_timeout=0.5)


@pytest.mark.parametrize(
    ("fault", "where", "word"),
    [
        ("404", API, "no such repository"),
        ("401", API, "the Hub answered 401 (is HF_TOKEN right?)"),
        ("429", API, "the Hub answered 429: too many requests, for another 3600 s"),
        ("429", FILE, "the Hub answered 429: too many requests, for another 3600 s"),
        ("500", API, "the Hub answered 500"),
        ("silent", API, "did not answer within 0.5 s"),
        ("404", FILE, "broke off"),
        ("401", FILE, "broke off"),
        ("500", FILE, "the Hub answered 500"),
        ("silent", f"GET .*{FILE}", "broke off"),
        ("silent", f"HEAD .*{FILE}", "broke off"),
        ("cut", FILE, "broke off"),
        ("wrong", FILE, "not what the Hub announced"),
        ("wrong", "/resolve/.*config.json", "not what the Hub announced"),
    ],
)
def test_every_fault_gives_the_starter_and_says_so(
    hub, settings, starter, full, monkeypatch, fault, where, word
):
    hub.strike(fault, where)
    store = WeightStore(
        impatient(settings) if (fault, where) == ("silent", API) else settings, starter=starter
    )
    with monkeypatch.context() as patch:
        if fault == "silent":
            patch.setattr(weights_hub, "STALL_TIMEOUT", 6.0)
            patch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "1")
        weights = store.get("mask_autoencoder")
    assert not hub.closing.is_set()  # whoever is silent is silent still
    assert weights.path == starter / "mask-autoencoder"
    assert word in weights.note
    assert REPO in weights.note
    status = {one.role: one for one in store.status()}["mask_autoencoder"]
    assert status.state == "failed"
    assert word in status.message

    count = len(hub.requests)
    assert store.get("mask_autoencoder").note == weights.note  # nor is it tried again at once
    assert len(hub.requests) == count

    hub.strike(None)
    deadline.forget_unreachable()
    after = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert after.kind == "full"
    assert same(after.path, full)


def test_a_slow_hub_is_waited_for(hub, settings, starter, full):
    hub.strike("slow", FILE)
    assert same(WeightStore(settings, starter=starter).get("mask_autoencoder").path, full)


def test_a_revision_that_is_not_there(hub, starter):
    settings = Settings(mask_autoencoder=f"{REPO}@v9")
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert "no such revision" in weights.note


def test_a_repository_with_pickles_only(hub, starter):
    hub.add("someone/old", {"config.json": b"{}", "pytorch_model.bin": b"pickle"})
    settings = Settings(mask_autoencoder="someone/old")
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert "no model.safetensors (pickled" in weights.note
    assert not [path for _, path in hub.requests if path.endswith(".bin")]


def test_full_allows_no_fallback(hub, starter):
    hub.strike("500")
    settings = Settings(models="full", mask_autoencoder=REPO)
    with pytest.raises(ModelUnavailable, match=r"Mask autoencoder someone/masks cannot be used"):
        WeightStore(settings, starter=starter).get("mask_autoencoder")


def test_a_silent_host_is_probed_once(hub, settings, starter):
    hub.strike("silent")
    both = replace(impatient(settings), face_vae="someone/faces")
    saved(starter / "face-vae", seed=0)
    store = WeightStore(both, starter=starter)
    assert "did not answer" in store.get("mask_autoencoder").note
    assert "did not answer" in store.get("face_vae").note
    assert len(hub.requests) == 1


def test_a_name_lookup_that_hangs_is_noticed(hub, settings, starter, monkeypatch, harm_downloads):
    harm_downloads(
        "import socket, threading\n"
        "socket.getaddrinfo = lambda *args, **options: threading.Event().wait()"
    )
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    weights = WeightStore(impatient(settings), starter=starter).get("mask_autoencoder")
    assert "hub.invalid did not answer within 0.5 s" in weights.note


def test_offline_by_setting_sends_no_request(hub, settings, starter, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert "HF_HUB_OFFLINE is set" in weights.note
    assert hub.requests == []


def test_an_unexpected_error_is_logged_and_answered(hub, settings, starter, harm_downloads, caplog):
    harm_downloads(
        "def broken(*_, **__): raise RuntimeError('a bug')\n"
        "huggingface_hub.hf_hub_download = broken"
    )
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert "something went wrong" in weights.note
    assert "a bug" in caplog.text


def test_a_model_that_changes_while_it_is_fetched(hub, settings, starter, full):
    files = hub.repos["models", REPO].commits[hub.repos["models", REPO].refs["main"]]

    def change(method: str, path: str) -> bool:
        if "/resolve/main/config.json" in path and len(hub.repos["models", REPO].commits) == 1:
            hub.add(REPO, {**files, "README.md": b"newer"})
        return False

    hub.faulty = change
    assert (
        "changed on the Hub" in WeightStore(settings, starter=starter).get("mask_autoencoder").note
    )
    after = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert after.kind == "full"
