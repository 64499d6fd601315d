"""Which files of a Hub repository a role needs: safetensors, JSON and text, never pickles."""

import re

from bgswap.errors import ModelUnavailable
from bgswap.models.checks import FILES, components
from bgswap.models.roles import Role, layout_of

CARD = "README.md"
# Thresholds and other values that were fitted for the weights beside it.
CALIBRATION = "calibration.json"

# "model.safetensors" and its shards; with a variant in the name, "model.fp16.safetensors".
_PLAIN = re.compile(r"[^.]+\.safetensors(\.index\.json)?")
_HALF = re.compile(r"[^.]+\.fp16(-\d+-of-\d+)?\.safetensors|[^.]+\.safetensors\.index\.fp16\.json")
_SMALL = re.compile(r"[^.]+\.(json|txt|model)")


def single_files(role: Role, available: set[str]) -> list[str]:
    """The files of a model in one folder.

    Raises:
        ModelUnavailable: the repository lacks one.
    """
    needed = FILES[layout_of(role)]
    for name in needed:
        if name not in available:
            raise ModelUnavailable(f"it has no {name} (pickled weights are never loaded)")
    return [*needed, *sorted({CARD, CALIBRATION} & available)]


def pipeline_files(index: dict[str, object], available: set[str], half: bool) -> list[str]:
    """The files of a diffusers pipeline.

    Args:
        index: its ``model_index.json``.
        available: the paths of all files in the repository.
        half: prefer 16 bit weights where the repository has them for every part.

    Raises:
        ModelUnavailable: the weights of a part are not there as safetensors.
    """
    chosen = ["model_index.json", *({CARD} & available)]
    plain: dict[str, list[str]] = {}
    halves: dict[str, list[str]] = {}
    for part in components(index):
        files = sorted(f.removeprefix(f"{part}/") for f in available if f.startswith(f"{part}/"))
        chosen += [f"{part}/{name}" for name in files if _SMALL.fullmatch(name)]
        if "config.json" in files:
            plain[part] = [f"{part}/{name}" for name in files if _PLAIN.fullmatch(name)]
            halves[part] = [f"{part}/{name}" for name in files if _HALF.fullmatch(name)]
    all_half = all(halves.values())
    weights = halves if all_half and (half or not all(plain.values())) else plain
    for part, files in weights.items():
        if not files:
            raise ModelUnavailable(f"{part} has no safetensors (pickled weights are never loaded)")
        chosen += files
    return chosen
