"""Checks of a model folder and its card before it is published."""

import io
import shutil
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import ModelCard

from bgswap.models.checks import Broken, Incomplete, check_folder
from bgswap.models.registry import LOADERS, resolve
from bgswap.models.roles import Role, starter_folders
from training.common.cards import REPOSITORY

ROLES: dict[str, Role] = {folder: role for role, folder in starter_folders().items()}
# What a model repository holds: weights, settings, the card and its pictures. No pickles.
MODEL_FILES = ["*.safetensors", "*.json", "*.txt", "*.md", "*.png", "*.jpg"]
PICKLES = {".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth"}


class NotPublishable(Exception):
    """A model or the app cannot be published in this state."""


def check_model(role: str, folder: Path) -> None:
    """Check that a folder can be published: complete, without pickles, with a complete card.

    Args:
        role: such as ``mask-autoencoder``.
        folder: in the layout of the Hub.

    Raises:
        NotPublishable: it cannot; the message says why.
    """
    pickles = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.suffix in PICKLES)
    if pickles:
        raise NotPublishable(
            f"{folder} holds pickles, which are not published: {', '.join(pickles)}"
        )
    try:
        check_folder(ROLES[role], folder)
    except (Incomplete, Broken) as error:
        raise NotPublishable(f"{folder} is not whole: {error}") from error
    path = folder / "README.md"
    if not path.is_file():
        raise NotPublishable(f"{folder} has no model card README.md")
    try:
        card = ModelCard.load(path).data
    except ValueError as error:
        raise NotPublishable(f"the metadata of {path} cannot be read: {error}") from error
    wanted = {
        "license (as the training data allow; set it with --license)": card.license,
        "library_name": card.get("library_name"),
        "tags": card.tags,
        "metrics (python -m training MODEL evaluate writes them)": card.eval_results,
    }
    missing = [name for name, value in wanted.items() if not value]
    if missing:
        raise NotPublishable(f"the model card {path} lacks {', '.join(missing)}")
    load_model(role, folder)


def load_model(role: str, folder: Path) -> None:
    """Load a folder as the program does and run the smoke test.

    Raises:
        NotPublishable: the weights belong to another role, or the network does not run.
    """
    name = "scene" if ROLES[role].startswith("scene") else ROLES[role]
    try:
        with redirect_stdout(io.StringIO()):  # huggingface_hub prints what it loads
            if name == "scene":
                from diffusers import AutoPipelineForInpainting

                AutoPipelineForInpainting.from_pretrained(folder)
            else:
                resolve(LOADERS[name])(folder, "cpu").check()
    except Exception as error:
        why = " ".join(str(error).split())[:300]
        raise NotPublishable(f"the weights in {folder} do not work as {role}: {why}") from error


@dataclass(frozen=True)
class License:
    """The license that weights are published under.

    Attributes:
        id: as the Hub names it, such as ``mit``, or ``other``.
        name: of a license that the Hub has no name for.
        link: where its text is.
    """

    id: str
    name: str = ""
    link: str = ""


def ready_folder(folder: Path, repo: str, terms: License | None, into: Path) -> Path:
    """A copy of a model folder whose card names its repository, and the license if one is given.

    Args:
        folder: in the layout of the Hub.
        repo: ``owner/name``.
        terms: None leaves the license as the card has it.
        into: an empty folder.
    """
    ready = into / "model"
    shutil.copytree(folder, ready) if folder.is_dir() else ready.mkdir()
    path = ready / "README.md"
    if path.is_file():
        text = path.read_text(encoding="utf-8").replace(REPOSITORY, repo)
        path.write_text(text, encoding="utf-8")
    if terms and path.is_file():
        card = ModelCard.load(path)
        card.data.license = terms.id
        card.data.license_name = terms.name or None
        card.data.license_link = terms.link or None
        card.save(path)
    return ready
