"""Files are written whole or not at all, whatever happens to disk and process."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bgswap.errors import BadInput
from bgswap.io.files import check_writable, write_whole

# A limit on the size of files makes a write fail in its middle, as a full disk does.
WITH_A_FULL_DISK = """
import resource, sys
import numpy as np
from bgswap.errors import BadInput
from bgswap.io import metadata
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8)
try:
    metadata.save(noise, sys.argv[1], {})
except BadInput as error:
    print(error)
"""


def test_a_full_disk_leaves_the_good_picture(tmp_path: Path) -> None:
    picture = tmp_path / "out.png"
    picture.write_bytes(b"a good picture")
    run = subprocess.run(
        [sys.executable, "-c", WITH_A_FULL_DISK, str(picture)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"cannot write {picture}" in run.stdout
    assert picture.read_bytes() == b"a good picture"
    assert list(tmp_path.iterdir()) == [picture]


def test_a_written_file_is_complete_at_any_moment(tmp_path: Path) -> None:
    path, contents = tmp_path / "file", [bytes([n]) * 300_000 for n in range(40)]
    write_whole(path, contents[0])
    over, seen = threading.Event(), set()

    def read() -> None:
        while not over.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for content in contents:
        write_whole(path, content)
    over.set()
    reader.join()
    assert seen <= set(contents)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_permissions_are_those_of_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_whole(tmp_path / "whole", b"")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("check", [check_writable, lambda path: write_whole(path, b"x")])
@pytest.mark.parametrize("name", ["none/file", "folder", "n" * 300, "a\0b", "file/inside"])
def test_a_path_that_cannot_be_written_is_reported(tmp_path: Path, check, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match="cannot write"):
        check(tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="becomes another user")
def test_a_folder_of_somebody_else_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    code = f"""
import os
from bgswap.io.files import check_writable
os.setuid(12345)
try: check_writable({str(tmp_path / "file")!r})
except Exception as error: print(type(error).__name__, error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "BadInput cannot write" in run.stdout


def test_checking_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    check_writable(path)
    assert list(tmp_path.iterdir()) == []
    path.write_bytes(b"old")
    check_writable(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
