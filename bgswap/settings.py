"""Every BGSWAP_* environment variable, in one place."""

import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from bgswap.errors import BadInput

Models = Literal["auto", "full", "starter"]
Device = Literal["auto", "cpu", "cuda", "mps"]


def _cache_home() -> Path:
    """The user's cache folder; where it cannot be created, a private temporary folder."""
    with suppress(RuntimeError):  # no HOME, and a user id without an entry
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bgswap"
        if home.is_dir() or _may_create(home):
            return home
    return _temporary_home()


def _may_create(folder: Path) -> bool:
    there = next((parent for parent in folder.absolute().parents if parent.exists()), None)
    return there is not None and os.access(there, os.W_OK | os.X_OK)


def _temporary_home() -> Path:
    folder = Path(tempfile.gettempdir()) / f"bgswap-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    # Anybody can write to the temporary folder: do not trust one that another user created.
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if ours and not found.st_mode & 0o077 else Path(tempfile.mkdtemp("-bgswap"))


def on_space() -> bool:
    """Whether this is a Hugging Face Space, a public server."""
    return bool(os.environ.get("SPACE_ID"))


def set_library_caches(cache: Path) -> None:
    """Point numba's cache, and HOME where there is none, at the cache folder.

    To be called before the libraries are imported: numba fails without a writable folder,
    ultralytics without a home directory.
    """
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = str(cache)
    if "NUMBA_CACHE_DIR" not in os.environ:
        os.environ["NUMBA_CACHE_DIR"] = str(_numba_folder(cache))


def _numba_folder(cache: Path) -> Path:
    """The folder of numba's compiled functions: a copy where the cache folder is read-only."""
    folder = cache / "numba"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        kept, folder = folder, Path(tempfile.mkdtemp("-bgswap-numba"))
        with suppress(OSError):
            shutil.copytree(kept, folder, dirs_exist_ok=True)
    return folder


@dataclass(frozen=True)
class Settings:
    """How the program runs. The variable of a field is BGSWAP_ and its name in capitals.

    A model is named by a folder or file on disk, by ``owner/name`` or ``owner/name@revision``
    on the Hub, or (person_detector) by an official Ultralytics file name. Empty: the starter.

    Attributes:
        models: ``auto`` (full where it is available, else the starter), ``full`` or ``starter``.
        person_detector: full person detector, an official YOLOv8-seg size.
        person_threshold: minimum confidence of a person, in (0, 1); 0: the model's own.
        mask_autoencoder: weights of the mask autoencoder.
        matting: weights of the matting network.
        face_finder: weights of the face finder.
        face_vae: weights of the face VAE.
        segmenter: a Segment Anything 2 model that segments what a visitor clicks on; empty: none,
            the finder searches for a person there.
        safety: classifier that checks scenes; empty: none.
        scenes: inpainting pipelines in place of those in the presets' table, by ``scene_`` and the
            preset's name (BGSWAP_SCENE_FAST is ``scene_fast``); ``scene_lora`` is the LoRA. Those
            of a larger model end in its family, as ``scene_fast_sdxl``; ``scene_decoder`` is the
            tiny autoencoder.
        device: where the models run.
        cache: folder for what is not in huggingface_hub's own cache (Ultralytics weights, what
            numba compiled); empty: the user's cache folder, or one in temporary space.
        hub_timeout: seconds without an answer after which the Hub counts as unreachable.
        keep: seconds that a server keeps uploads and results whose page is closed.
        space: gigabytes that uploads and results may take; beyond it the oldest are deleted.
        most_steps: maximum of steps times variations in one request to a server.
        most_photos: maximum number of photos in one request to a server.
        most_megabytes: maximum total size of the photos in one request.
        hosts: further host names accepted by a server on loopback, separated by commas; ``*``:
            any.
        origins: other sites whose pages may use a server, such as ``https://example.org``,
            separated by commas; ``*``: any.
    """

    models: Models = "auto"
    person_detector: str = "yolov8m-seg.pt"
    person_threshold: float = 0.0
    mask_autoencoder: str = ""
    matting: str = ""
    face_finder: str = ""
    face_vae: str = ""
    segmenter: str = "facebook/sam2.1-hiera-tiny"
    safety: str = "Falconsai/nsfw_image_detection"
    scenes: Mapping[str, str] = field(default_factory=dict)
    device: Device = "auto"
    cache: Path = field(default_factory=_cache_home)
    hub_timeout: float = 4.0
    keep: float = 3600.0
    space: float = 10.0
    most_steps: float = 800.0
    most_photos: float = 50.0
    most_megabytes: float = 500.0
    hosts: str = ""
    origins: str = ""

    def __post_init__(self) -> None:
        for name, choices in (("models", get_args(Models)), ("device", get_args(Device))):
            if getattr(self, name) not in choices:
                raise BadInput(
                    f"{name} must be one of {', '.join(choices)}, got {getattr(self, name)!r}"
                )
        if not 0 <= self.person_threshold < 1:
            raise BadInput(f"person_threshold must be from 0 to 1, got {self.person_threshold}")
        if not 0 < self.hub_timeout <= 60:
            raise BadInput(f"hub_timeout must be from 0 to 60 seconds, got {self.hub_timeout}")
        for name in ("keep", "space", "most_steps", "most_megabytes"):
            if not getattr(self, name) > 0:
                raise BadInput(f"{name} must be above 0, got {getattr(self, name)}")
        if not 1 <= self.most_photos <= 1000:
            raise BadInput(f"most_photos must be from 1 to 1000, got {self.most_photos}")

    def repository(self, role: str) -> str | None:
        """The setting of a role's weights; None where it is not set."""
        return self.scenes.get(role) if role.startswith("scene_") else getattr(self, role)

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None, **changes: Any) -> "Settings":
        """Settings from the environment, with ``changes`` on top (None: no change).

        Raises:
            BadInput: a variable holds a value that its field does not allow.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {"scenes": _scenes(environment)}
        for spec in fields(cls):
            text = environment.get(f"BGSWAP_{spec.name.upper()}") if spec.name != "scenes" else None
            if text is not None and (text.strip() or spec.type is not Path):
                values[spec.name] = _parsed(spec.name, spec.type, text.strip())
        return replace(cls(**values), **{k: v for k, v in changes.items() if v is not None})


def _scenes(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings BGSWAP_SCENE_*; the names of the presets are not known to this module."""
    prefix = "BGSWAP_"
    return {
        name.removeprefix(prefix).lower(): text.strip()
        for name, text in environment.items()
        if name.startswith(f"{prefix}SCENE_")
    }


def _parsed(name: str, kind: object, text: str) -> object:
    if kind is float:
        try:
            return float(text)
        except ValueError:
            raise BadInput(f"BGSWAP_{name.upper()} must be a number, got {text!r}") from None
    if kind is not Path:
        return text
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise BadInput(
            f"BGSWAP_{name.upper()} names a home directory that does not exist: {text!r}"
        ) from None
