"""The roles that models have in the program, and the sources of weights that a setting can name."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bgswap.errors import BadInput
from bgswap.models.registry import registered
from bgswap.presets import LORA_ROLE, models_of_presets
from bgswap.settings import Settings

# The function of a model in the program: one of _NETWORKS, or ``scene_`` and a preset's name.
Role = str
# Parts of scene models: a tiny autoencoder in place of their own, and what refuses scenes.
DECODER_ROLE, SAFETY_ROLE = "scene_decoder", "safety"
# How the files of a role lie on disk: one network of ours, a diffusers pipeline, a LoRA, a
# diffusers autoencoder, or a transformers classifier.
Layout = Literal["network", "pipeline", "lora", "autoencoder", "classifier"]

# The weights that ship with the program, one folder a model.
STARTER = Path(__file__).parent.parent / "starter"


@dataclass(frozen=True)
class ModelRole:
    """A function in the program that a model fulfills.

    Attributes:
        title: for messages.
        layout: how its files lie on disk.
        starter: the folder of the weights that ship, below :data:`STARTER`; empty: none do.
        repository: default source of the full weights; empty: the starter.
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
    "segmenter": ModelRole("Segmenter", repository="facebook/sam2.1-hiera-tiny"),
    SAFETY_ROLE: ModelRole("Safety checker", "classifier"),
}
# Licenses of the repositories that the defaults or the README name, for weights that are not on
# disk; else the card is read.
LICENSES: dict[str, str] = {
    "stable-diffusion-v1-5/stable-diffusion-inpainting": "creativeml-openrail-m",
    "latent-consistency/lcm-lora-sdv1-5": "openrail++",
    "latent-consistency/lcm-lora-sdxl": "openrail++",
    "diffusers/stable-diffusion-xl-1.0-inpainting-0.1": "openrail++",
    "facebook/sam2.1-hiera-tiny": "apache-2.0",
    "Tongyi-MAI/Z-Image-Turbo": "apache-2.0",
    "madebyollin/taesd": "mit",
    "Falconsai/nsfw_image_detection": "apache-2.0",
    # The code is under Apache-2.0; Composition-1k, which it was trained on, is for research.
    "hustvl/vitmatte-small-composition-1k": "research only",
}


def model_roles() -> dict[Role, ModelRole]:
    """Every role there is now: the networks', and those of the scene presets."""
    roles = dict(_NETWORKS)
    for preset in models_of_presets():
        family = f" ({preset.family.upper()})" if preset.family else ""
        title = f"{preset.name.capitalize()} scene model{family}"
        folder = "scene" if preset.ships else ""
        roles[preset.role] = ModelRole(title, "pipeline", folder, preset.repository)
        if preset.lora:
            lora = ModelRole(f"LCM-LoRA{family}", "lora", "", preset.lora)
            roles.setdefault(preset.lora_role, lora)
        if preset.decoder:
            decoder = ModelRole("Tiny autoencoder", "autoencoder", "", preset.decoder)
            roles.setdefault(DECODER_ROLE, decoder)
    return roles


def starter_folders() -> dict[Role, str]:
    """The roles whose weights ship with the program, and their folders."""
    return {role: row.starter for role, row in model_roles().items() if row.starter}


def source_of(role: Role, settings: Settings) -> "Source | None":
    """The source that a setting names, else the role's default; None: the starter.

    Raises:
        BadInput: the setting names no valid source of weights.
    """
    text = settings.repository(role)
    return parse(role, model_roles()[role].repository if text is None else text)


def layout_of(role: Role) -> Layout:
    """The file layout of a role; depends on its name alone, for use in a child process."""
    if role in (DECODER_ROLE, SAFETY_ROLE):
        return "autoencoder" if role == DECODER_ROLE else "classifier"
    if role.startswith(LORA_ROLE):
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
        name: for display: ``starter``, ``owner/name@revision``, ``yolov8m-seg.pt`` or a path.
        kind: ``full``, ``starter`` for what ships with the program, or ``registered``.
        note: why a fallback is used, for display; empty otherwise.
    """

    role: Role
    path: Path
    name: str
    kind: Literal["full", "starter", "registered"]
    note: str = ""


@dataclass(frozen=True)
class RoleStatus:
    """The state of the weights of one role.

    Attributes:
        role: of the model.
        state: ``starter`` (in use, no full model is requested), ``downloading``, ``ready`` (the
            full model is in use) or ``failed`` (the full model is not available).
        name: of the weights, as in :class:`Weights`.
        fraction: of the download, in [0, 1]; None where it is unknown.
        message: one line for display.
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
    """Parse a setting: a registered name, a folder, ``owner/name[@revision]``, an official file.

    Returns:
        The source; None for an empty text, which means the starter.

    Raises:
        BadInput: it is none of these, or a pickle that is not an official file.
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
        raise BadInput(f"{variable} names a home directory that does not exist: {text!r}") from None
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
