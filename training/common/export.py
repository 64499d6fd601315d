"""Writes trained weights as a folder in the layout of the Hub."""

import copy
from pathlib import Path

import torch
from huggingface_hub import PyTorchModelHubMixin

from training.common.cards import write_card
from training.common.facts import RunFacts


def save_hub_folder(
    network: PyTorchModelHubMixin, folder: Path, role: str, facts: RunFacts
) -> None:
    """Write config.json, model.safetensors (half precision) and the model card README.md.

    Args:
        network: a module with the Hub mixin; it is left as it is.
        folder: made if need be.
        role: says which card, ``mask-autoencoder`` or ``face-vae``.
        facts: of the training, for the card.
    """
    half = copy.deepcopy(network).cpu().half().to(memory_format=torch.contiguous_format)
    folder.mkdir(parents=True, exist_ok=True)
    # First: save_pretrained writes a card of its own where there is none.
    write_card(role, folder, facts)
    half.save_pretrained(folder)
    # safetensors writes files that only their owner may read.
    (folder / "model.safetensors").chmod(0o644)
