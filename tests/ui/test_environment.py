"""What is set before Gradio is imported: a folder of one's own, and no proxy to this machine."""

import os
import stat
from pathlib import Path

import httpx
import pytest
from launch import served

from bgswap.ui.environment import prepare, upload_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_uploads_lie_where_only_this_user_looks(tmp_path: Path) -> None:
    folder = upload_folder(tmp_path)
    assert mode(folder) == 0o700
    assert upload_folder(tmp_path) == folder, "the same one at the next start"
    folder.chmod(0o777)
    assert mode(upload_folder(tmp_path)) == 0o700


@pytest.mark.parametrize("kind", ["of another user", "a link", "a file"])
def test_what_somebody_else_put_there_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    theirs = tmp_path / f"bgswap-uploads-{os.getuid()}"
    if kind == "a file":
        theirs.touch()
    elif kind == "a link":
        (tmp_path / "elsewhere").mkdir()
        theirs.symlink_to(tmp_path / "elsewhere")
    else:
        user = os.getuid()
        theirs.mkdir()
        os.chown(theirs, user + 1, -1) if user == 0 else pytest.skip("only root gives away")
    folder = upload_folder(tmp_path)
    assert folder != theirs
    assert mode(folder) == 0o700
    assert folder.stat().st_uid == os.getuid()


def test_what_the_user_set_stays(tmp_path: Path) -> None:
    chosen = {"GRADIO_TEMP_DIR": str(tmp_path), "GRADIO_ANALYTICS_ENABLED": "True"}
    given = dict(chosen)
    prepare(given)
    assert {name: given[name] for name in chosen} == chosen


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_loopback_needs_no_proxy(name: str) -> None:
    given = {name: "intranet.example, 10.0.0.1"}
    prepare(given)
    expected = "intranet.example,10.0.0.1,localhost,127.0.0.1,::1"
    assert given["NO_PROXY"] == given["no_proxy"] == expected


def test_the_app_starts_behind_a_proxy(tmp_path: Path) -> None:
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    with served(tmp_path, **proxy, NO_PROXY="", no_proxy="") as app:
        assert httpx.get(app.url, trust_env=False).status_code == 200
