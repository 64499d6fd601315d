"""The licenses of weights: as their card says, else those of well-known repositories."""

from pathlib import Path

from bgswap.models import official
from bgswap.models.roles import CENTER_FACE
from bgswap.models.sources import Hub, Official, Registered, Source

UNKNOWN = "not known"
# Repositories whose card tells only a part; this counts more than the card.
CORRECTED: dict[str, str] = {
    # The license of the code; Composition-1k, which it was trained on, is for research.
    "hustvl/vitmatte-small-composition-1k": "apache-2.0, trained on data for research only",
    # The ControlNet's; all else in it is Stable Diffusion 2 inpainting.
    "yahoo-inc/photo-background-generation": "apache-2.0 and openrail++",
}
# Licenses of the other repositories and registered models that the defaults or the README name, for
# weights without a card on disk.
LICENSES: dict[str, str] = {
    "stable-diffusion-v1-5/stable-diffusion-inpainting": "creativeml-openrail-m",
    "latent-consistency/lcm-lora-sdv1-5": "openrail++",
    "latent-consistency/lcm-lora-sdxl": "openrail++",
    "diffusers/stable-diffusion-xl-1.0-inpainting-0.1": "openrail++",
    "facebook/sam2.1-hiera-tiny": "apache-2.0",
    "Tongyi-MAI/Z-Image-Turbo": "apache-2.0",
    "madebyollin/taesd": "mit",
    "Falconsai/nsfw_image_detection": "apache-2.0",
    CENTER_FACE.name: CENTER_FACE.license,
    # It has no weights: the license is this program's.
    "closed_form": "agpl-3.0",
}


def license_of(source: Source | None, path: Path | None) -> str:
    """The license of weights, for display.

    Args:
        source: of the weights; None: they ship with the program.
        path: their folder, with or without a card, or file; None: they are not on disk.

    Returns:
        The Hub's name of the license, or a few words; ``not known`` where neither the card nor the
        tables have one.
    """
    if isinstance(source, Hub) and source.repo in CORRECTED:
        return CORRECTED[source.repo]
    if path is not None and (stated := _card_license(path)):
        return stated
    if isinstance(source, Official):
        return official.LICENSE
    if isinstance(source, Hub):
        return LICENSES.get(source.repo, UNKNOWN)
    return LICENSES.get(source.name, UNKNOWN) if isinstance(source, Registered) else UNKNOWN


def _card_license(path: Path) -> str | None:
    """The license in the metadata of the card beside the weights; None where there is none."""
    from huggingface_hub import metadata_load
    from yaml import YAMLError

    try:
        card = metadata_load(path / "README.md") or {}
    except (OSError, ValueError, YAMLError):
        return None
    name = card.get("license_name") or card.get("license")
    return ", ".join(map(str, name)) if isinstance(name, list) else name and str(name)
