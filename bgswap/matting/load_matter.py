"""The matter that a folder of weights makes: our own network, or ViTMatte."""

import json
from pathlib import Path

from bgswap.matting.base import JudgingMatter
from bgswap.matting.network import NetworkMatter
from bgswap.models.roles import STARTER


def load_matter(folder: Path, device: str = "cpu") -> JudgingMatter:
    """The matter whose weights lie in a folder; its ``config.json`` says which class runs them.

    Raises:
        OSError, RuntimeError, ValueError: the folder holds no such weights, or they do not fit.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if config.get("model_type") != "vitmatte":
        return NetworkMatter.from_folder(folder, device)
    from bgswap.matting.vitmatte import VitMatteMatter

    first = NetworkMatter.from_folder(STARTER / "matting", device)
    return VitMatteMatter.from_folder(folder, first, device)
