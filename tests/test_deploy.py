"""The commands in README, Dockerfile and docs work, as far as they can be run without Docker."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from bgswap.cli.arguments import parse
from bgswap.models.roles import model_roles
from bgswap.settings import Settings

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
DOCS = [ROOT / "README.md", ROOT / "docs" / "deploy.md", ROOT / "CONTRIBUTING.md"]
OPENERS = {"python3", "docker", "bash", "xargs"}


def commands(path: Path) -> list[str]:
    """Every command in the bash blocks of a document, one a line, those joined by && apart."""
    blocks = re.findall(r"```bash\n(.*?)```", path.read_text(), re.S)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [part.strip() for line in lines if line for part in line.split("&&")]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_need_no_active_environment(path: Path) -> None:
    for command in commands(path):
        words = [word for word in shlex.split(command) if "=" not in word or word.startswith("-")]
        assert words[0] in OPENERS or words[0].startswith(".venv/bin/"), command


def test_the_command_line_takes_what_the_readme_types() -> None:
    typed = [c for c in commands(ROOT / "README.md") if " -m bgswap " in c]
    assert typed
    for command in typed:
        parse(shlex.split(command.partition(" -m bgswap ")[2]))


def test_the_image_holds_what_it_copies_and_no_more() -> None:
    copied = [
        word for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.M) for word in line.split()
    ]
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored
    assert {"app.py", "bgswap", "requirements.txt", "packages.txt"} <= set(copied)


def test_the_app_needs_no_file_that_the_image_lacks(tmp_path: Path) -> None:
    for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.M):
        for name in line.split():
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, tmp_path / name, dirs_exist_ok=True)
            else:
                shutil.copy(ROOT / name, tmp_path)
    code = "import app, bgswap; print(bgswap.__file__, len(app.demo.config['components']))"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(str(tmp_path))


def test_the_image_serves_as_a_normal_user_warmed_up() -> None:
    steps = [line for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
    kinds = [step.split()[0] for step in steps]
    user, warm_up = kinds.index("USER"), steps.index("RUN python -m bgswap.warm_up")
    assert steps[user] == "USER bgswap"
    assert user < warm_up < kinds.index("CMD")
    assert steps[-1] == 'CMD ["python", "app.py"]'


def test_the_image_sets_what_the_program_reads() -> None:
    names = [field.name for field in fields(Settings)]
    names += model_roles()
    known = {f"BGSWAP_{name.upper()}" for name in names}
    for path in (ROOT / "Dockerfile", *DOCS):
        assert set(re.findall(r"\bBGSWAP_[A-Z_]+[A-Z]\b", path.read_text())) <= known, path


def test_the_health_check_passes_on_a_served_page(app_url: str) -> None:
    check = json.loads(re.search(r"HEALTHCHECK.*?CMD (\[.*\])", DOCKERFILE)[1])
    code = check[2].replace("http://127.0.0.1:7860/", app_url)
    assert code != check[2]
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    assert (
        subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
    )
    gone = check[2].replace(":7860", ":9")
    run = subprocess.run([sys.executable, "-c", gone], capture_output=True, check=False)
    assert run.returncode != 0
