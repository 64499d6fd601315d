"""Environment variables become settings, or a clear refusal."""

from pathlib import Path

import pytest

from bgswap.errors import BadInput
from bgswap.settings import Settings


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
    ],
)
def test_nonsense_is_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Settings.from_env({name: value})
