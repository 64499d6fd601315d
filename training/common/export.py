"""Writing of trained weights as a folder in Hub layout."""

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
        network: a module with the Hub mixin; not modified.
        folder: created if needed.
        role: selects the card, ``mask-autoencoder`` or ``face-vae``.
        facts: of the training, for the card.
    """
    half = copy.deepcopy(network).cpu().half().to(memory_format=torch.contiguous_format)
    folder.mkdir(parents=True, exist_ok=True)
    # Before save_pretrained, which writes a default card where there is none.
    write_card(role, folder, facts)
    half.save_pretrained(folder)
    # safetensors writes files that only their owner can read.
    (folder / "model.safetensors").chmod(0o644)
