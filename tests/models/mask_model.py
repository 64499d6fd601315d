"""A small mask autoencoder as a folder: saved, read, compared, damaged."""

from pathlib import Path

import torch

from bgswap.networks import MaskAutoencoder

# The repository on the test Hub that holds the full model.
REPO = "someone/masks"


def saved(folder: Path, seed: int) -> MaskAutoencoder:
    torch.manual_seed(seed)
    model = MaskAutoencoder(side=64)
    model.save_pretrained(folder)
    return model


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def same(path: Path, model: MaskAutoencoder) -> bool:
    loaded = MaskAutoencoder.from_pretrained(path).state_dict()
    return all(torch.equal(loaded[key], value) for key, value in model.state_dict().items())


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])
