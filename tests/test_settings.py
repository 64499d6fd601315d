"""Environment variables become settings, or a clear refusal."""

import os
import tempfile
from pathlib import Path

import pytest

from bgswap.errors import BadInput
from bgswap.models import WeightStore
from bgswap.settings import Settings, set_library_caches


def test_nothing_set_gives_the_defaults() -> None:
    settings = Settings.from_env({})
    assert settings == Settings()
    assert settings.models == "auto"


def test_every_kind_of_variable_is_read() -> None:
    environment = {
        "BGSWAP_MODELS": "full",
        "BGSWAP_PERSON_DETECTOR": "yolov8x-seg.pt",
        "BGSWAP_PERSON_THRESHOLD": "0.4",
        "BGSWAP_CACHE": "/somewhere",
    }
    settings = Settings.from_env(environment)
    assert settings.models == "full"
    assert settings.person_detector == "yolov8x-seg.pt"
    assert settings.person_threshold == 0.4
    assert settings.cache == Path("/somewhere")


def test_changes_go_over_the_environment_and_none_changes_nothing() -> None:
    environment = {"BGSWAP_MODELS": "full"}
    assert Settings.from_env(environment, models="starter").models == "starter"
    assert Settings.from_env(environment, models=None).models == "full"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BGSWAP_MODELS", "best", "auto, full, starter"),
        ("BGSWAP_DEVICE", "tpu", "auto, cpu, cuda, mps"),
        ("BGSWAP_PERSON_THRESHOLD", "high", "must be a number"),
        ("BGSWAP_PERSON_THRESHOLD", "1.5", "from 0 to 1"),
        ("BGSWAP_HUB_TIMEOUT", "0", "from 0 to 60"),
        ("BGSWAP_KEEP", "nan", "above 0"),
        ("BGSWAP_SPACE", "0", "above 0"),
        ("BGSWAP_MOST_MEGABYTES", "0", "above 0"),
        ("BGSWAP_MOST_PHOTOS", "0", "from 1 to 1000"),
        ("BGSWAP_MOST_PHOTOS", "nan", "from 1 to 1000"),
    ],
)
def test_nonsense_is_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Settings.from_env({name: value})


def test_an_empty_cache_is_the_users_own() -> None:
    assert Settings.from_env({"BGSWAP_CACHE": " "}).cache == Settings().cache


@pytest.mark.parametrize("name", ["BGSWAP_CACHE", "BGSWAP_FACE_VAE"])
def test_a_home_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=f"{name} names a home directory that does not exist"):
        WeightStore(Settings.from_env({name: "~nobody-of-this-name/x"}))


def test_a_cache_that_cannot_be_created_gives_way(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "space").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "space"))
    assert Settings().cache.parent == tmp_path / "space"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "new" / "deep"))
    assert Settings().cache == tmp_path / "new" / "deep" / "bgswap"


def test_what_numba_compiled_is_kept_in_the_cache(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    set_library_caches(tmp_path)
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "numba")
    set_library_caches(tmp_path / "other")
    assert os.environ["NUMBA_CACHE_DIR"] == str(tmp_path / "numba")


def test_of_a_read_only_cache_numba_gets_a_copy(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "cache" / "numba").mkdir(parents=True)
    (tmp_path / "cache" / "numba" / "compiled").write_text("code")

    def refuse(**_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    set_library_caches(tmp_path / "cache")
    copy = Path(os.environ["NUMBA_CACHE_DIR"])
    assert copy.parent == tmp_path
    assert (copy / "compiled").read_text() == "code"
