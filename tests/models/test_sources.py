"""What a setting may name as the place that weights come from."""

from pathlib import Path

import pytest

from bgswap import BadInput, Settings
from bgswap.models import WeightStore
from bgswap.models.sources import Hub as HubSource
from bgswap.models.sources import Local, Official, parse


def test_settings_are_read(tmp_path):
    assert parse("face_vae", "") is None
    assert parse("person_detector", "yolov8x-seg.pt") == Official("yolov8x-seg.pt")
    assert parse("face_vae", "an-owner/a.name") == HubSource("an-owner/a.name")
    assert parse("face_vae", "owner/name@v1.2") == HubSource("owner/name", "v1.2")
    assert parse("face_vae", "owner/name@refs/pr/3") == HubSource("owner/name", "refs/pr/3")
    assert parse("face_vae", str(tmp_path)) == Local(tmp_path)
    assert parse("face_vae", "./not/there") == Local(Path("not/there"))


def test_a_folder_of_that_name_comes_before_the_hub(tmp_path, monkeypatch):
    (tmp_path / "owner" / "name").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert parse("face_vae", "owner/name") == Local(Path("owner/name"))


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "a/b/c",
        "owner/../name",
        "owner/na me",
        "owner/name@",
        "owner/name@../../x",
        "-owner/name",
        "owner/na--me",
        "https://example.org/model",
    ],
)
def test_nonsense_is_refused(text):
    with pytest.raises(BadInput, match="BGSWAP_FACE_VAE must be a folder"):
        parse("face_vae", text)


@pytest.mark.parametrize(
    ("role", "text"),
    [
        ("person_detector", "my-own.pt"),
        ("person_detector", "yolov8m.pt"),
        ("person_detector", "./folder/yolov8m-seg.pt"),
        ("person_detector", "/yolov8m-seg.pt"),
        ("face_vae", "yolov8m-seg.pt"),
        ("mask_autoencoder", "autoencoder.pth"),
        ("scene_fast", "model.ckpt"),
    ],
)
def test_pickles_from_elsewhere_are_refused(role, text):
    with pytest.raises(BadInput, match="pickle"):
        WeightStore(
            Settings(**({"scenes": {role: text}} if role.startswith("scene_") else {role: text}))
        )
