"""The loader of each role's weights, and models registered under a name.

The packages that run models import this one, so their loaders are named by text here and imported
on first use.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

# Takes a folder or file of weights and a device (``cpu``, ``cuda``, ``mps``); gives the model.
Loader = Callable[[Path, str], Any]
# Takes a device; gives the model.
Factory = Callable[[str], Any]

# ``module:attribute`` of each role's loader.
LOADERS = {
    "person_detector": "bgswap.detection.yolo:YoloDetector.load",
    "mask_autoencoder": "bgswap.detection.mask_autoencoder:MaskRefiner.from_folder",
    "matting": "bgswap.matting.load_matter:load_matter",
    "face_finder": "bgswap.faces.face_finder:CenterFaceFinder.from_folder",
    "face_vae": "bgswap.faces.enhancer:FaceEnhancer.from_folder",
    "segmenter": "bgswap.detection.segmenter:Segmenter.from_folder",
    "finder": "bgswap.detection.finder:PeopleFinder.of",
    "prepare": "bgswap.backgrounds.diffusion.prepare:prepare",
    "scene": "bgswap.backgrounds.diffusion.bfloat16:load_in_fast_format",
}
_FACTORIES: dict[tuple[str, str], str | Factory] = {
    ("face_finder", "center_face"): "bgswap.faces.center_face_file:packaged_finder",
    ("matting", "closed_form"): "bgswap.matting.closed_form:closed_form_matter",
}


def register(role: str, name: str, factory: Factory) -> None:
    """Register a custom model under a name for a setting, such as ``BGSWAP_MATTING=name``.

    Args:
        role: ``person_detector`` (a :class:`bgswap.detection.base.Detector`), ``matting`` (a
            :class:`bgswap.matting.base.Matter`), ``face_finder`` (a
            :class:`bgswap.faces.base.FaceFinder`), ``face_vae`` (a
            :class:`bgswap.faces.base.FaceRestorer`).
        name: value of the setting.
        factory: takes the device, returns the model; called once, on first use.
    """
    _FACTORIES[role, name] = factory


def registered(role: str, name: str) -> bool:
    """Whether a name was registered for a role."""
    return (role, name) in _FACTORIES


def make(role: str, name: str, device: str) -> Any:
    """Create a registered model."""
    factory = _FACTORIES[role, name]
    return (resolve(factory) if isinstance(factory, str) else factory)(device)


def resolve(reference: str) -> Callable[..., Any]:
    """Import the object that ``module:attribute`` names."""
    module, _, attribute = reference.partition(":")
    found: Any = import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found
