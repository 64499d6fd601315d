"""Loading of a matter from a folder of weights: our own network, or ViTMatte."""

import json
from pathlib import Path

from bgswap.matting.base import ScoringMatter
from bgswap.matting.network import NetworkMatter
from bgswap.models.roles import STARTER


def load_matter(folder: Path, device: str = "cpu") -> ScoringMatter:
    """Load a matter; ``config.json`` in the folder tells which class.

    Raises:
        OSError, RuntimeError, ValueError: the folder holds no such weights, or they do not fit.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != "vitmatte":
        return NetworkMatter.from_folder(folder, device)
    from bgswap.matting.vitmatte import VitMatteMatter

    first = NetworkMatter.from_folder(STARTER / "matting", device)
    return VitMatteMatter.from_folder(folder, first, device)
