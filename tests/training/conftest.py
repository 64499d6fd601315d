"""A Hub on loopback to publish to."""

import pytest
from hub import Hub
from huggingface_hub import constants

from bgswap.models import deadline


@pytest.fixture
def hub(tmp_path, monkeypatch):
    deadline.forget_unreachable()
    with Hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_TOKEN", "hf_test")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield hub
    deadline.forget_unreachable()
