"""The app as a Space on a Hub on loopback: its files, README, variables and requirements."""

import json
from pathlib import Path

import pytest
import torch
from huggingface_hub import HfApi
from packaging.requirements import Requirement
from packaging.version import Version

from training import push
from training.common.publishing import NotPublishable
from training.common.space import (
    PICTURES,
    ZERO_GPU,
    push_space,
    space_readme,
    space_requirements,
)

ROOT = Path(__file__).parents[2]


def project(folder: Path, head: str = "sdk: gradio\napp_file: app.py\n") -> Path:
    for name in (
        "app.py",
        "bgswap/ui/page.py",
        "bgswap/ui/__pycache__/page.pyc",
        "bgswap/__init__.py",
        "bgswap/starter/scene/config.json",
        "tests/test_app.py",
        "training/push.py",
        "runs/x/model.pt",
        "LICENSE",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / "requirements.txt").write_text("torch>=2.9,<3\n")
    (folder / "README.md").write_text(f"---\ntitle: App\n{head}---\n# App\n")
    return folder


def test_the_app_becomes_a_space(hub, tmp_path):
    api = HfApi(endpoint=hub.url, token="hf_test")
    folder = project(tmp_path / "project")
    assert push_space(api, "someone/app", folder) == f"{hub.url}/spaces/someone/app"
    space = hub.repos["spaces", "someone/app"]
    assert space.settings["sdk"] == "gradio"
    (folder / "bgswap" / "ui" / "page.py").rename(folder / "bgswap" / "ui" / "newer.py")
    push_space(api, "someone/app", folder)
    assert set(space.commits[space.refs["main"]]) == {
        ".gitattributes",
        "app.py",
        "bgswap/ui/newer.py",
        "bgswap/__init__.py",
        "bgswap/starter/scene/config.json",
        "requirements.txt",
        "LICENSE",
        "README.md",
    }


def test_a_readme_that_is_no_space(hub, tmp_path):
    folder = project(tmp_path / "project", head="sdk: static\n")
    with pytest.raises(NotPublishable, match="sdk: gradio"):
        push_space(HfApi(endpoint=hub.url, token="hf_test"), "someone/app", folder)
    assert hub.requests == []


def test_an_unchanged_space_makes_no_new_revision(hub, tmp_path):
    api = HfApi(endpoint=hub.url, token="hf_test")
    folder = project(tmp_path / "project")
    push_space(api, "someone/app", folder)
    commits = len(hub.repos["spaces", "someone/app"].commits)
    push_space(api, "someone/app", folder)
    assert len(hub.repos["spaces", "someone/app"].commits) == commits


def test_variables_and_hardware_are_set(hub, tmp_path, monkeypatch):
    monkeypatch.setattr(push, "PROJECT", project(tmp_path / "project"))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    asked = ["--space", "someone/app", "--hardware", "zero-a10g"]
    asked += ["--variable", "BGSWAP_FACE_VAE=a/b@v1", "--variable", "BGSWAP_MODELS=full"]
    assert push.main(asked) == 0
    settings = hub.repos["spaces", "someone/app"].settings
    assert settings["variables"] == {"BGSWAP_FACE_VAE": "a/b@v1", "BGSWAP_MODELS": "full"}
    assert settings["hardware"] == "zero-a10g"


@pytest.mark.parametrize("text", ["BGSWAP_FACE_VAE", "=x", "A B=x"])
def test_a_variable_is_a_name_and_a_value(text, capsys):
    with pytest.raises(SystemExit):
        push.main(["--space", "someone/app", "--variable", text])
    assert "NAME=VALUE" in capsys.readouterr().err


def test_links_of_the_readme_hold_on_the_space():
    text = "![a\nb](docs/a.jpg) [c](docs/c.md) [d](CONTRIBUTING.md) [e](https://x.y/z) [f](#f)"
    base = "https://huggingface.co/spaces/o/n"
    assert space_readme(text, "o/n", {"docs/a.jpg", "docs/c.md"}) == (
        f"![a\nb]({base}/resolve/main/docs/a.jpg) [c]({base}/blob/main/docs/c.md) d "
        "[e](https://x.y/z) [f](#f)"
    )


def test_the_own_readme_has_pictures_that_are_pushed(hub, tmp_path):
    api = HfApi(endpoint=hub.url, token="hf_test")
    folder = project(tmp_path / "project")
    (folder / "README.md").write_text((ROOT / "README.md").read_text())
    (folder / "docs").mkdir()
    for picture in (ROOT / "docs").iterdir():
        (folder / "docs" / picture.name).write_text("")
    push_space(api, "someone/app", folder)
    space = hub.repos["spaces", "someone/app"]
    pushed = space.commits[space.refs["main"]]
    text = pushed["README.md"].decode()
    start = "https://huggingface.co/spaces/someone/app/resolve/main/"
    named = [part.partition(")")[0] for part in text.split(start)[1:]]
    assert len(named) >= 3
    assert set(named) <= set(pushed)
    assert all(Path(name).suffix in PICTURES for name in named)


def test_torch_is_one_that_zero_gpu_runs():
    bounds = json.loads(ZERO_GPU.read_text())["torch"]
    lines = space_requirements((ROOT / "requirements.txt").read_text()).splitlines()
    (line,) = (line for line in lines if line.startswith("torch") and "vision" not in line)
    allowed = Requirement(line).specifier
    assert bounds["newest"] in allowed
    assert "99.0" not in allowed
    # What a plain install takes today is either run there or too new to be allowed there.
    installed = Version(torch.__version__.partition("+")[0])
    assert installed in allowed or installed > Version(bounds["newest"])


@pytest.mark.parametrize("text", ["torch>=99\n", "numpy\n"])
def test_requirements_that_the_platform_cannot_meet_are_refused(text):
    with pytest.raises(NotPublishable, match="torch"):
        space_requirements(text)
