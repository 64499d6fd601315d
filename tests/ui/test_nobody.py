"""A user id without a name, without a home, on a tree that is read-only: as containers run it."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from launch import ROOT, free_port, wait_for_page
from photos import ZIDANE
from PIL import Image

UID = 12345
# Reading what belongs to others is allowed, as in an image; writing is not.
AS_NOBODY = (
    f"setpriv --reuid {UID} --regid {UID} --clear-groups "
    "--inh-caps=+dac_read_search --ambient-caps=+dac_read_search"
).split()

pytestmark = pytest.mark.skipif(
    not hasattr(os, "getuid") or os.getuid() != 0 or not shutil.which("setpriv"),
    reason="only root can become nobody",
)


@pytest.fixture
def nobody(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of that user: temporary space, and nothing else that can be written to."""
    space = tmp_path_factory.mktemp("nobody")
    home = space / f"bgswap-{UID}"
    home.mkdir(parents=True, mode=0o700)
    # Compiled before, as in an image: not so, each test would take a minute longer.
    compiled = shutil.copytree(os.environ["NUMBA_CACHE_DIR"], home / "numba", dirs_exist_ok=True)
    for path in (home, compiled, *compiled.rglob("*")):
        os.chown(path, UID, UID)
    space.chmod(0o777)
    return {
        "PATH": os.environ["PATH"],
        "TMPDIR": str(space),
        "BGSWAP_MODELS": "starter",
        "YOLO_OFFLINE": "1",
    }


@pytest.mark.parametrize("home", [None, "/"])
def test_the_command_line_works_for_nobody(nobody: dict[str, str], home: str | None) -> None:
    environment = nobody | ({"HOME": home} if home else {})
    output = Path(nobody["TMPDIR"]) / "out.png"
    swap = ["--prompt", "a forest", "--steps", "1", "--output", str(output)]
    run = subprocess.run(
        [*AS_NOBODY, sys.executable, "-m", "bgswap", ZIDANE, *(["--list"] if home else swap)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    assert home or Image.open(output).size == Image.open(ZIDANE).size


def test_the_page_works_for_nobody(nobody: dict[str, str]) -> None:
    port, log = free_port(), Path(nobody["TMPDIR"]) / "app.log"
    environment = nobody | {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*AS_NOBODY, sys.executable, "app.py"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_page(f"http://127.0.0.1:{port}/", process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    assert "Traceback" not in log.read_text()


def test_a_temporary_folder_of_somebody_else_is_not_used(nobody: dict[str, str]) -> None:
    home = Path(nobody["TMPDIR"]) / f"bgswap-{UID}"
    os.chown(home, 0, 0)
    home.chmod(0o777)
    code = "from bgswap import Settings; print(Settings.from_env({}).cache)"
    run = subprocess.run(
        [*AS_NOBODY, sys.executable, "-c", code],
        cwd=ROOT,
        env=nobody,
        capture_output=True,
        text=True,
        check=True,
    )
    used = Path(run.stdout.strip())
    assert used != home
    assert (used.stat().st_uid, used.stat().st_mode & 0o777) == (UID, 0o700)
