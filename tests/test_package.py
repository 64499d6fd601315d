"""The package: what it requires, what it contains, and that an installed one works on its own."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest
from launch import free_port, wait_for_page
from photos import BUS
from PIL import Image

import bgswap
from bgswap.cli.arguments import COMMANDS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
# Set by .ci/run: installing takes a minute.
INSTALLING = pytest.mark.skipif(
    not os.environ.get("TEST_INSTALL"), reason="installs a package: set TEST_INSTALL=1"
)


def required(name: str) -> set[str]:
    lines = (ROOT / name).read_text().splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-r"))}


def test_requirements_files_are_the_dependencies_and_extras() -> None:
    assert required("requirements.txt") == {*PROJECT["dependencies"], *EXTRAS["app"]}
    assert required("requirements-dev.txt") == {
        *EXTRAS["train"],
        *EXTRAS["ray"],
        *EXTRAS["dev"],
    }
    assert set(EXTRAS) == {"app", "openvino", "ray", "train", "dev"}


def test_the_core_requires_no_gradio() -> None:
    assert not [d for d in PROJECT["dependencies"] if d.startswith("gradio")]


def test_the_description_begins_with_a_title_and_no_metadata() -> None:
    text = (ROOT / PROJECT["readme"]).read_text()
    assert text.startswith("# bgswap\n")
    for line in re.findall(r"^bgswap ([a-z-]+)", text, re.M):
        assert line in COMMANDS


def test_the_same_checks_run_everywhere() -> None:
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    assert "bash .ci/run" in workflow
    for supported in re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["classifiers"])):
        assert f'"{supported}"' in workflow
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    (ruff,) = (d for d in EXTRAS["dev"] if d.startswith("ruff"))
    assert f"rev: v{ruff.removeprefix('ruff>=').partition(',')[0]}." in hooks


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of a new environment into which the package was installed.

    It sees what the environment of the tests has installed, and takes bgswap from itself.
    """
    folder = tmp_path_factory.mktemp("install")
    # A copy: an install leaves its build folder where it was run.
    copytree(ROOT / "bgswap", folder / "bgswap", ignore=ignore_patterns("__pycache__"))
    copytree(ROOT / "docs", folder / "docs")
    for name in ("pyproject.toml", "LICENSE"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    venv.create(folder / "environment", symlinks=True)
    scripts = folder / "environment" / "bin"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.check_output([scripts / "python", "-c", code], text=True).strip()
    (Path(own) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python")]
    subprocess.run([*pip, "install", "-q", ".[app]"], cwd=folder, check=True)
    return scripts


def run(installed: Path, folder: Path, *arguments: str) -> str:
    """Standard output of a command of the new environment, away from the checkout."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [installed / arguments[0], *arguments[1:]]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@INSTALLING
def test_the_installed_package_holds_all_files(installed: Path, tmp_path: Path) -> None:
    code = "import bgswap; print(bgswap.__path__[0])"
    package = Path(run(installed, tmp_path, "python", "-c", code).strip())
    assert package.is_relative_to(installed.parent)
    for path in (ROOT / "bgswap").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = package / path.relative_to(ROOT / "bgswap")
            assert copy.read_bytes() == path.read_bytes(), path
    code = "from importlib.metadata import metadata as m; print(m('bgswap')['Version'])"
    assert run(installed, tmp_path, "python", "-c", code).strip() == bgswap.__version__


@INSTALLING
def test_the_installed_command_makes_a_picture(installed: Path, tmp_path: Path) -> None:
    answer = run(
        installed, tmp_path, "bgswap", "swap", str(BUS), "--prompt", "a forest", "--steps", "1",
        "--output", "out.png", "--models", "starter", "--json",
    )  # fmt: skip
    assert json.loads(answer)["models"]["scene"]["kind"] == "starter"
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (810, 1080)


@INSTALLING
def test_the_installed_command_serves_the_page(installed: Path, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    environment = os.environ | {"GRADIO_TEMP_DIR": str(tmp_path / "cache")}
    environment.pop("PYTHONPATH", None)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [installed / "bgswap", "serve", "--port", str(port), "--models", "starter"],
            cwd=tmp_path,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_page(f"http://127.0.0.1:{port}/", process, log)
        finally:
            process.terminate()
            process.wait(30)
