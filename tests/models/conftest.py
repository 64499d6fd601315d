"""A starter, a full model, and a Hub on loopback that has the full model."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hub import Hub
from huggingface_hub import constants
from mask_model import REPO, contents, saved

from bgswap import Settings
from bgswap.models import deadline
from bgswap.models import hub as weights_hub
from bgswap.networks import MaskAutoencoder

# What a process that downloads runs in tests: huggingface_hub does not rest for seconds before
# each further try there.
DOWNLOAD = """
import sys
from types import SimpleNamespace
import huggingface_hub
from huggingface_hub import file_download
restless = SimpleNamespace(sleep=lambda seconds: None)
file_download.time = huggingface_hub.utils._http.time = restless
{harm}
from bgswap.models.hub_download import main
main(*sys.argv[1:])
"""


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
def harm_downloads(monkeypatch) -> Callable[[str], None]:
    """Makes every process that downloads run some code first."""

    def harm(code: str = "") -> None:
        command = [sys.executable, "-c", DOWNLOAD.format(harm=code)]
        monkeypatch.setattr(weights_hub, "DOWNLOAD", command)

    harm()
    return harm


@pytest.fixture
def hub(tmp_path, full, monkeypatch, harm_downloads):
    deadline.forget_unreachable()
    with Hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        files = contents(tmp_path / "full")
        pickles = {"pytorch_model.bin": b"pickle", "model.ckpt": b"pickle"}
        hub.add(REPO, {**files, **pickles})
        yield hub
    deadline.forget_unreachable()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models="auto", mask_autoencoder=REPO, cache=tmp_path / "own", device="cpu")
