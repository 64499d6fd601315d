"""The app as a Hugging Face Space: its files, its README and what the platform installs."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from huggingface_hub import HfApi, RepoCard
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from training.common.publishing import NotPublishable

# What a Space needs to run; training, tests, runs and data stay here.
SPACE_FILES = (
    "app.py",
    "bgswap/**/*",
    "docs/**/*",
    "requirements.txt",
    "packages.txt",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
)
# The oldest and newest torch that ZeroGPU runs, as its documentation says: look there at a release.
ZERO_GPU = Path(__file__).with_name("zero_gpu.json")
PICTURES = {".jpg", ".png", ".webp", ".gif"}
# A Markdown link or picture whose address is a path: ``![text](path)``.
LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^):#\s]+)\)")


@dataclass(frozen=True)
class SpaceSettings:
    """How a Space runs.

    Attributes:
        private: it is created so.
        hardware: as the Hub names it, such as ``zero-a10g``; empty: what the Space has.
        variables: settings of the app, such as BGSWAP_FACE_VAE=OWNER/NAME@v1, by name.
    """

    private: bool = False
    hardware: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)


def push_space(api: HfApi, repo: str, project: Path, settings: SpaceSettings | None = None) -> str:
    """Upload the app as a Gradio Space; modules that are gone here are removed there.

    Args:
        api: with the token to use.
        repo: ``owner/name``; created if need be.
        project: the folder with app.py.
        settings: how it runs.

    Returns:
        The address of the Space.

    Raises:
        NotPublishable: a file is missing, README.md has no metadata of a Space, or
            requirements.txt does not allow the newest torch of ZeroGPU.
        HfHubHTTPError: the Hub refused.
    """
    settings = settings or SpaceSettings()
    check_project(project)
    url = api.create_repo(
        repo, repo_type="space", space_sdk="gradio", private=settings.private, exist_ok=True
    )
    for name, value in settings.variables.items():
        api.add_space_variable(repo, name, value)
    if settings.hardware:
        api.request_space_hardware(repo, settings.hardware)
    with tempfile.TemporaryDirectory() as folder:
        copy_space(project, repo, Path(folder))
        api.upload_folder(
            repo_id=repo,
            repo_type="space",
            folder_path=folder,
            # ui/ is where the page lay before it moved into the package.
            delete_patterns=["ui/*", "bgswap/*", "docs/*"],
            commit_message="Publish the app",
        )
    return str(url)


def check_project(project: Path) -> None:
    """Check that a folder holds an app that can be a Space.

    Raises:
        NotPublishable: it does not; the message says what is wrong.
    """
    for name in ("app.py", "README.md", "requirements.txt"):
        if not (project / name).is_file():
            raise NotPublishable(f"{project} has no {name}")
    try:
        metadata = RepoCard.load(project / "README.md").data.to_dict()
    except ValueError as error:
        raise NotPublishable(f"the metadata of README.md cannot be read: {error}") from error
    if metadata.get("sdk") != "gradio" or metadata.get("app_file") != "app.py":
        raise NotPublishable("README.md must say sdk: gradio and app_file: app.py in its metadata")


def copy_space(project: Path, repo: str, into: Path) -> None:
    """Copy what a Space needs, with a README and requirements of its own.

    Raises:
        NotPublishable: requirements.txt does not allow the newest torch of ZeroGPU.
    """
    files = set(_space_files(project))
    for file in files:
        target = into / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(project / file, target)
    readme = into / "README.md"
    readme.write_text(space_readme(readme.read_text("utf-8"), repo, files), "utf-8")
    requirements = into / "requirements.txt"
    requirements.write_text(space_requirements(requirements.read_text("utf-8")), "utf-8")


def _space_files(project: Path) -> Iterator[str]:
    for pattern in SPACE_FILES:
        for path in project.glob(pattern):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(project).as_posix()


def space_readme(text: str, repo: str, files: set[str]) -> str:
    """README.md with addresses that hold on the Space's page.

    Args:
        text: of README.md.
        repo: ``owner/name`` of the Space.
        files: what the Space holds; of a link to anything else only the words remain.
    """
    base = f"https://huggingface.co/spaces/{repo}"

    def address(match: re.Match[str]) -> str:
        words, path = match["text"], match["path"]
        if path not in files:
            return words
        kind = "resolve" if Path(path).suffix in PICTURES else "blob"
        return f"{match['picture']}[{words}]({base}/{kind}/main/{path})"

    return LINK.sub(address, text)


def space_requirements(text: str) -> str:
    """requirements.txt, its torch bounded by what ZeroGPU runs.

    Raises:
        NotPublishable: ZeroGPU's newest torch is not allowed, or no torch is asked for.
    """
    newest = json.loads(ZERO_GPU.read_text())["torch"]["newest"]
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if re.match(r"torch\b", line):
            wanted = Requirement(line)
            if newest not in wanted.specifier:
                raise NotPublishable(
                    f"ZeroGPU runs torch up to {newest}, requirements.txt asks for {line}"
                )
            lines[place] = f"torch{wanted.specifier & SpecifierSet(f'<={newest}')}"
            return "\n".join(lines) + "\n"
    raise NotPublishable("requirements.txt asks for no torch")
