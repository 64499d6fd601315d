"""The parts of a scene model that have sources of their own: LoRA, tiny autoencoder, checker."""

from dataclasses import dataclass, replace
from pathlib import Path

from bgswap.errors import ModelUnavailable
from bgswap.models import prepared
from bgswap.models.checks import Broken
from bgswap.models.roles import DECODER_ROLE, SAFETY_ROLE, Role, source_of
from bgswap.models.store import WeightStore
from bgswap.models.weight_values import check_values
from bgswap.presets import ScenePreset
from bgswap.settings import on_space


@dataclass(frozen=True)
class SceneParts:
    """Folders of the parts; None where there is none.

    Attributes:
        lora: fused into the pipeline; also the path of its file.
        decoder: a tiny autoencoder in place of the pipeline's own.
        unet: one that was converted for this CPU, with the LoRA in it, in place of the pipeline's.
        safety: an image classifier that refuses scenes, in place of the pipeline's own checker.
        notes: a sentence for each part that is wanted and missing.
    """

    lora: Path | None = None
    decoder: Path | None = None
    unet: Path | None = None
    safety: Path | None = None
    notes: tuple[str, ...] = ()


def roles_of(row: ScenePreset, device: str) -> list[Role]:
    """The roles of the parts that a scene model has on a device."""
    return [
        *([row.lora_role] if row.lora else []),
        *([DECODER_ROLE] if row.decoder and device == "cpu" else []),
        *([SAFETY_ROLE] if row.needs_safety_checker else []),
    ]


def find_parts(row: ScenePreset, device: str, store: WeightStore) -> SceneParts:
    """The parts of a scene model that are on disk now.

    Raises:
        ModelUnavailable: the LoRA is not; or, on a Space, the safety checker.
    """
    roles = roles_of(row, device)
    parts = SceneParts(lora=store.get(row.lora_role).path if row.lora else None)
    if DECODER_ROLE in roles:
        path, why = _optional(DECODER_ROLE, store)
        notes = [f"{why}: the scene model's own autoencoder is used, which takes longer"] * bool(
            why
        )
        parts = replace(parts, decoder=path, notes=(*parts.notes, *notes))
    if row.converts and device == "cpu":
        parts = _with_unet(parts, store.get(row.role).path, store.settings.cache)
    if SAFETY_ROLE in roles:
        path, why = _optional(SAFETY_ROLE, store)
        if path is None and on_space():
            raise ModelUnavailable(f"{why or 'No safety checker is set'}: a Space needs one")
        parts = replace(parts, safety=path, notes=(*parts.notes, *filter(None, [why])))
    return parts


def check_parts(parts: SceneParts, store: WeightStore) -> SceneParts:
    """The parts whose weights hold usable numbers; the others are not used from now on.

    Raises:
        Broken: the LoRA's do not.
        ModelUnavailable: on a Space, the safety checker's do not.
    """
    if parts.lora is not None:
        check_values(parts.lora)
    for role, field in ((DECODER_ROLE, "decoder"), (SAFETY_ROLE, "safety")):
        path = getattr(parts, field)
        try:
            if path is not None:
                check_values(path)
        except Broken as error:
            store.reject(role, str(error))
            if role == SAFETY_ROLE and on_space():
                raise ModelUnavailable(f"{error}: a Space needs a safety checker") from error
            parts = replace(parts, **{field: None}, notes=(*parts.notes, str(error)))
    return parts


def _with_unet(parts: SceneParts, pipeline: Path, cache: Path) -> SceneParts:
    """The parts with the converted UNet, where that was prepared and is used."""
    if prepared.versions() is None or not prepared.is_convertible(pipeline):
        return parts
    folder = prepared.folder_of(cache, pipeline, parts.lora)
    verdict = prepared.read_verdict(folder)
    if verdict is None or not (verdict.used or verdict.error):
        return parts
    if verdict.error:
        return replace(parts, notes=(*parts.notes, str(verdict)))
    return replace(parts, unet=folder)


def _optional(role: Role, store: WeightStore) -> tuple[Path | None, str]:
    """The folder of a part, or why there is none; neither where a setting turns it off."""
    if source_of(role, store.settings) is None:
        return None, ""
    try:
        return store.get(role).path, ""
    except ModelUnavailable as error:
        return None, str(error)
