"""What a setting can name, read from its text."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bgswap.errors import BadInput
from bgswap.models.registry import registered
from bgswap.presets import LORA_ROLE, PRESETS
from bgswap.settings import Settings

# A model's place in the program: one of ROLES, or ``scene_`` and the name of a preset.
Role = str
# How the files of a role lie on disk: one network, a diffusers pipeline, or a LoRA.
Layout = Literal["network", "pipeline", "lora"]

# The weights that ship with the program, one folder a model.
STARTER = Path(__file__).parent.parent / "starter"


@dataclass(frozen=True)
class ModelRole:
    """A place in the program that a model fills.

    Attributes:
        title: for messages.
        layout: how its files lie on disk.
        starter: the folder of the weights that ship, below :data:`STARTER`; empty: none do.
        repository: what is used unless a setting names another; empty: the starter.
    """

    title: str
    layout: Layout = "network"
    starter: str = ""
    repository: str = ""


_NETWORKS: dict[Role, ModelRole] = {
    "person_detector": ModelRole("Person detector", starter="person-detector"),
    "mask_autoencoder": ModelRole("Mask autoencoder", starter="mask-autoencoder"),
    "matting": ModelRole("Matting network", starter="matting"),
    "face_vae": ModelRole("Face VAE", starter="face-vae"),
}
# Of repositories whose weights the settings name by default or README names, as their cards say;
# the card itself is read where it is on disk.
LICENSES: dict[str, str] = {
    "stable-diffusion-v1-5/stable-diffusion-inpainting": "creativeml-openrail-m",
    "latent-consistency/lcm-lora-sdv1-5": "openrail++",
    "latent-consistency/lcm-lora-sdxl": "openrail++",
    "diffusers/stable-diffusion-xl-1.0-inpainting-0.1": "openrail++",
    # The code is under Apache-2.0; Composition-1k, which it was trained on, is for research.
    "hustvl/vitmatte-small-composition-1k": "research only",
}


def model_roles() -> dict[Role, ModelRole]:
    """Every role there is now: the networks', and those of the scene presets."""
    roles = dict(_NETWORKS)
    for preset in PRESETS.values():
        title = f"{preset.name.capitalize()} scene model"
        folder = "scene" if preset.ships else ""
        roles[preset.role] = ModelRole(title, "pipeline", folder, preset.repository)
        if preset.lora:
            roles.setdefault(LORA_ROLE, ModelRole("LCM-LoRA", "lora", "", preset.lora))
    return roles


def starter_folders() -> dict[Role, str]:
    """The roles whose weights ship with the program, and their folders."""
    return {role: row.starter for role, row in model_roles().items() if row.starter}


def source_of(role: Role, settings: Settings) -> "Source | None":
    """What a setting, or else the role's own row, names; None: the starter.

    Raises:
        BadInput: the setting names nothing that weights can come from.
    """
    text = settings.repository(role)
    return parse(role, model_roles()[role].repository if text is None else text)


def layout_of(role: Role) -> Layout:
    """How the files of a role lie on disk; told by its name alone, also in another process."""
    if role == LORA_ROLE:
        return "lora"
    return "pipeline" if role.startswith("scene_") else "network"


_OFFICIAL = re.compile(r"yolov8[nsmlx]-seg\.pt")
_PICKLES = {".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle"}
# Names as the Hub allows them: no "..", no "--", nothing but letters, digits, "-", "_" and ".".
_NAME = r"(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
_REPO = re.compile(rf"(?P<repo>{_NAME}/{_NAME})(?:@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True)
class Weights:
    """Weights on disk, ready to load.

    Attributes:
        role: which model of the program they are for.
        path: a folder in Hub layout, or an official ``.pt`` file.
        name: what to show: ``starter``, ``owner/name@revision``, ``yolov8m-seg.pt`` or a path.
        kind: ``full``, ``starter`` for what ships with the program, or ``registered``.
        note: why, where it is less than was asked, fit to show; empty otherwise.
    """

    role: Role
    path: Path
    name: str
    kind: Literal["full", "starter", "registered"]
    note: str = ""


@dataclass(frozen=True)
class RoleStatus:
    """Where the weights of one role stand.

    Attributes:
        role: which model of the program.
        state: ``starter`` (in use, nothing else asked for), ``downloading``, ``ready`` (the full
            model is in use) or ``failed`` (the full model cannot be had).
        name: the weights this speaks of, as in :class:`Weights`.
        fraction: of the download, in [0, 1]; None where it is not known.
        message: in words, fit to show.
    """

    role: Role
    state: Literal["starter", "downloading", "ready", "failed"]
    name: str
    fraction: float | None
    message: str


@dataclass(frozen=True)
class Local:
    """A folder on disk."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Official:
    """A file that Ultralytics publishes."""

    file: str

    def __str__(self) -> str:
        return self.file


@dataclass(frozen=True)
class Hub:
    """A model repository on the Hub; revision None: its main branch."""

    repo: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo


@dataclass(frozen=True)
class Registered:
    """A model that a program registered under a name (:func:`bgswap.models.registry.register`)."""

    name: str

    def __str__(self) -> str:
        return self.name


Source = Local | Official | Hub | Registered


def parse(role: Role, text: str) -> Source | None:
    """Read a setting: a registered name, a folder, ``owner/name[@revision]``, an official file.

    Returns:
        What it names; None for an empty text, which means the starter.

    Raises:
        BadInput: it is none of these, or a pickle from elsewhere.
    """
    if not text:
        return None
    if registered(role, text):
        return Registered(text)
    if role == "person_detector" and _OFFICIAL.fullmatch(text):
        return Official(text)
    variable = f"BGSWAP_{role.upper()}"
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise BadInput(f"{variable} names a home that is not there: {text!r}") from None
    if path.suffix.lower() in _PICKLES:
        official = ", official file names such as yolov8m-seg.pt" * (role == "person_detector")
        raise BadInput(
            f"{variable} names {text!r}, a pickle, which can run code when it is loaded; "
            f"expected a folder with safetensors, owner/name or owner/name@revision{official}"
        )
    if path.is_absolute() or text.startswith(("./", "../")) or path.is_dir():
        return Local(path)
    match = _REPO.fullmatch(text)
    if not match or ".." in text:
        raise BadInput(
            f"{variable} must be a folder, owner/name or owner/name@revision, got {text!r}"
        )
    return Hub(match["repo"], match["revision"])
