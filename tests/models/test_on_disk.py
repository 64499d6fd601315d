"""Weights that are on disk already: the starter, and folders of the user's own."""

import shutil

import pytest
from mask_model import REPO, cut
from safetensors.numpy import save

from bgswap import ModelUnavailable, Settings
from bgswap.models import WeightStore
from bgswap.models.roles import model_roles


def test_starter_mode_sends_no_request(hub, settings, starter):
    store = WeightStore(Settings(models="starter", mask_autoencoder=REPO), starter=starter)
    store.start_downloads(["mask_autoencoder"])
    weights = store.get("mask_autoencoder")
    assert (weights.kind, weights.name, weights.note) == ("starter", "starter", "")
    assert weights.path == starter / "mask-autoencoder"
    assert hub.requests == []
    with pytest.raises(ModelUnavailable, match="only the starter models"):
        store.get("scene_fast")


def test_an_empty_setting_is_the_starter_without_a_note(hub, starter):
    weights = WeightStore(Settings(models="full"), starter=starter).get("mask_autoencoder")
    assert (weights.kind, weights.note) == ("starter", "")
    assert hub.requests == []


def test_a_starter_that_is_not_there_is_said(tmp_path):
    store = WeightStore(Settings(models="starter"), starter=tmp_path)
    with pytest.raises(ModelUnavailable, match="starter weights are not whole"):
        store.get("face_vae")


def test_every_role_has_a_status(settings, starter):
    status = WeightStore(settings, starter=starter).status()
    assert [one.role for one in status] == list(model_roles())
    assert {one.state for one in status} == {"starter"}


def test_a_folder_is_used(tmp_path, full, starter):
    store = WeightStore(Settings(mask_autoencoder=str(tmp_path / "full")), starter=starter)
    weights = store.get("mask_autoencoder")
    assert (weights.path, weights.kind, weights.note) == (tmp_path / "full", "full", "")


@pytest.mark.parametrize(
    ("damage", "word"),
    [
        (lambda folder: shutil.rmtree(folder), "missing"),
        (lambda folder: (folder / "model.safetensors").unlink(), "missing"),
        (lambda folder: (folder / "config.json").write_text("{"), "cannot be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "no JSON object"),
        (lambda folder: (folder / "model.safetensors").write_bytes(save({})), "no weights"),
        (lambda folder: cut(folder / "model.safetensors"), "damaged"),
    ],
)
def test_a_damaged_folder_gives_the_starter_and_says_so(tmp_path, full, starter, damage, word):
    damage(tmp_path / "full")
    named = str(tmp_path / "full")
    weights = WeightStore(Settings(mask_autoencoder=named), starter=starter).get("mask_autoencoder")
    assert weights.kind == "starter"
    assert named in weights.note
    assert word in weights.note
    with pytest.raises(ModelUnavailable, match=word):
        WeightStore(Settings(models="full", mask_autoencoder=named)).get("mask_autoencoder")
