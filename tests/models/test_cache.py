"""Models of the Hub are fetched once, then used from the cache, as long as they are whole."""

import shutil

import pytest
from mask_model import REPO, contents, cut, same, saved

from bgswap import Settings
from bgswap.models import WeightStore


def test_fetched_once_then_from_the_cache_then_the_starter(hub, settings, starter, full, tmp_path):
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert (weights.name, weights.kind, weights.note) == (REPO, "full", "")
    assert same(weights.path, full)
    assert not [path for _, path in hub.requests if path.endswith((".bin", ".ckpt"))]

    hub.close()
    again = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert again == weights

    shutil.rmtree(tmp_path / "cache")
    weights = WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert weights.kind == "starter"
    assert REPO in weights.note
    assert "cannot be reached" in weights.note
    assert not same(weights.path, full)


def test_cached_weights_need_no_connection(hub, settings, starter):
    WeightStore(settings, starter=starter).get("mask_autoencoder")
    hub.requests.clear()
    WeightStore(settings, starter=starter).get("mask_autoencoder")
    assert hub.requests == []


def test_a_revision_is_kept_apart(hub, settings, starter, full, tmp_path):
    repo = hub.repos["models", REPO]
    repo.refs["v1"] = repo.refs["main"]
    other = saved(tmp_path / "other", seed=2)
    hub.add(REPO, contents(tmp_path / "other"))
    at_v1 = Settings(mask_autoencoder=f"{REPO}@v1")
    assert same(WeightStore(at_v1, starter=starter).get("mask_autoencoder").path, full)
    assert same(WeightStore(settings, starter=starter).get("mask_autoencoder").path, other)
    assert same(WeightStore(at_v1, starter=starter).get("mask_autoencoder").path, full)


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        lambda path: path.unlink(),
        lambda path: path.resolve().unlink(),
        lambda path: path.write_bytes(b""),
    ],
)
def test_a_damaged_cache_is_fetched_again(hub, settings, starter, full, damage):
    path = WeightStore(settings, starter=starter).get("mask_autoencoder").path
    damage(path / "model.safetensors")
    assert same(WeightStore(settings, starter=starter).get("mask_autoencoder").path, full)

    damage(path / "model.safetensors")
    hub.close()
    assert WeightStore(settings, starter=starter).get("mask_autoencoder").kind == "starter"


def test_weights_that_vanish_are_fetched_again(hub, settings, starter, full, tmp_path):
    store = WeightStore(settings, starter=starter)
    store.get("mask_autoencoder")
    shutil.rmtree(tmp_path / "cache")
    assert same(store.get("mask_autoencoder").path, full)
