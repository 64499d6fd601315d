"""A starter, a full model, and a Hub on loopback that has the full model."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from hub import Hub
from huggingface_hub import constants, file_download
from mask_model import REPO, contents, saved

from bgswap import Settings
from bgswap.networks import MaskAutoencoder
from bgswap.weights import probe


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> tuple[Path, MaskAutoencoder]:
    """A folder with a starter and a full model; the full model."""
    folder = tmp_path_factory.mktemp("models")
    saved(folder / "starter" / "mask-autoencoder", seed=0)
    saved(folder / "starter" / "person-detector", seed=0)
    return folder, saved(folder / "full", seed=1)


@pytest.fixture
def starter(tmp_path: Path, models) -> Path:
    return shutil.copytree(models[0] / "starter", tmp_path / "starter")


@pytest.fixture
def full(tmp_path: Path, models) -> MaskAutoencoder:
    shutil.copytree(models[0] / "full", tmp_path / "full")
    return models[1]


@pytest.fixture
def hub(tmp_path, full, monkeypatch):
    probe.forget()
    with Hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        # huggingface_hub rests for seconds before each further try.
        restless = SimpleNamespace(sleep=lambda seconds: None)
        monkeypatch.setattr(file_download, "time", restless)
        monkeypatch.setattr(huggingface_hub.utils._http, "time", restless)
        files = contents(tmp_path / "full")
        pickles = {"pytorch_model.bin": b"pickle", "model.ckpt": b"pickle"}
        hub.add(REPO, {**files, **pickles})
        yield hub
    probe.forget()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models="auto", mask_autoencoder=REPO, cache=tmp_path / "own", device="cpu")
