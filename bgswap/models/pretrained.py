"""Loading of transformers' networks from folders; nothing is fetched."""

from pathlib import Path
from typing import Any


def load_complete(kind: Any, folder: str | Path) -> Any:
    """A network whose weights lie in a folder as ``save_pretrained`` writes it.

    Args:
        kind: a class of transformers with ``from_pretrained``.
        folder: with ``config.json`` and safetensors.

    Raises:
        OSError, RuntimeError, ValueError: it holds no such weights, or they do not fit.
    """
    network, report = kind.from_pretrained(
        str(folder), local_files_only=True, use_safetensors=True, output_loading_info=True
    )
    if report["missing_keys"]:
        raise ValueError("weights are missing")
    return network
