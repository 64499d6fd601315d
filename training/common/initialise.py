"""Initial weights of networks."""

from pathlib import Path
from typing import TypeVar

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from torch import nn

from training.common.evaluation import load_network

Network = TypeVar("Network", bound=nn.Module)


def he_initialise(network: Network) -> Network:
    """Initialise the convolutions after He et al. (ICCV 2015), in place, and return the network.

    With torch's default initialisation the signal fades over six layers; this one needs a fraction
    of the steps. A transposed convolution of stride 2 sums a quarter of its kernel's terms.
    """
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            terms = layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]
            terms /= 4 if isinstance(layer, nn.ConvTranspose2d) else 1
            nn.init.normal_(layer.weight, 0, (2 / terms) ** 0.5)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    # Channels-last memory format: convolutions are a third faster on CPUs.
    return network.to(memory_format=torch.channels_last)


def begin_with(network: nn.Module, source: str) -> None:
    """Load trained weights into a network, in place.

    Args:
        network: with PyTorchModelHubMixin.
        source: a folder in Hub layout, or a repository ``owner/name`` with or without
            ``@revision``.

    Raises:
        FileNotFoundError: there are no weights.
        ValueError: they do not fit the network, or the repository cannot be read.
    """
    folder = Path(source)
    if not folder.is_dir():
        repo, _, revision = source.partition("@")
        files = ["config.json", "model.safetensors"]
        try:
            folder = Path(snapshot_download(repo, revision=revision or None, allow_patterns=files))
        except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError) as error:
            why = str(error).splitlines()[0]
            raise ValueError(
                f"{source} is neither a folder nor a readable repository: {why}"
            ) from error
    trained = load_network(type(network), folder).float()
    try:
        network.load_state_dict(trained.state_dict())
    except RuntimeError as error:
        raise ValueError(f"the weights of {source} have another size than this network") from error
