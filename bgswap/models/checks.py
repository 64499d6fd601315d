"""Checks that the files of a model are complete, by their structure, before they are loaded."""

import json
from pathlib import Path

from bgswap.models.roles import Layout, Role, layout_of

# The files of a role in one folder; the first is in every folder of its layout.
FILES: dict[Layout, tuple[str, ...]] = {
    "lora": ("pytorch_lora_weights.safetensors",),
    "network": ("config.json", "model.safetensors"),
    "autoencoder": ("config.json", "diffusion_pytorch_model.safetensors"),
    "classifier": ("config.json", "preprocessor_config.json", "model.safetensors"),
}


class Incomplete(Exception):
    """A file is missing."""


class Broken(Exception):
    """A file is damaged: truncated, corrupt or not valid JSON."""


def check_folder(role: Role, folder: Path) -> None:
    """Check that a folder holds all files of a role, each of them complete.

    Reads the JSON files and the headers of the safetensors files, not the weights themselves.

    Raises:
        Incomplete: something is missing.
        Broken: something is damaged.
    """
    if layout_of(role) == "pipeline":
        _check_pipeline(folder)
        return
    for name in FILES[layout_of(role)]:
        check = _read_json if name.endswith(".json") else _check_safetensors
        check(folder / name)


def entry_file(role: Role) -> str:
    """The file that every folder of a role has: downloaded first, and looked up in the cache."""
    layout = layout_of(role)
    return "model_index.json" if layout == "pipeline" else FILES[layout][0]


def components(index: dict[str, object]) -> list[str]:
    """The folders that a pipeline's ``model_index.json`` names."""
    return [
        name
        for name, kind in index.items()
        if isinstance(kind, list) and len(kind) == 2 and all(isinstance(part, str) for part in kind)
    ]


def read_index(folder: Path) -> dict[str, object]:
    """The ``model_index.json`` of a pipeline folder.

    Raises:
        Incomplete, Broken: see :func:`check_folder`.
    """
    return _read_json(folder / "model_index.json")


def _check_pipeline(folder: Path) -> None:
    names = components(read_index(folder))
    if not names:
        raise Broken("model_index.json names no component")
    for name in names:
        part = folder / name
        configs = sorted(part.glob("*.json"))
        if not configs:
            raise Incomplete(f"{name} is missing")
        for config in configs:
            _read_json(config)
        # Models have a config.json and weights; schedulers and tokenizers have neither.
        if (part / "config.json").exists():
            _check_weights(part)


def _check_weights(part: Path) -> None:
    files = sorted(part.glob("*.safetensors"))
    for index in part.glob("*.safetensors.index*.json"):
        shards = _read_json(index).get("weight_map")
        if not isinstance(shards, dict):
            raise Broken(f"{part.name}/{index.name} has no weight_map")
        files += [part / str(shard) for shard in sorted(set(shards.values()))]
    if not files:
        raise Incomplete(f"{part.name} has no safetensors")
    for file in files:
        _check_safetensors(file)


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Incomplete(f"{path.name} is missing") from None
    except (ValueError, OSError) as error:
        raise Broken(f"{path.name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise Broken(f"{path.name} holds no JSON object")
    return content


def _check_safetensors(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            empty = not file.keys()
    except FileNotFoundError:
        raise Incomplete(f"{path.name} is missing") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise Broken(f"{path.name} is damaged: {error}") from error
    if empty:
        raise Broken(f"{path.name} holds no weights")
