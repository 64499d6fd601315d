"""Networks at inference: the same answers up to rounding, in a fraction of the time on a CPU."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def is_fast_in_bfloat16() -> bool:
    """Whether this CPU has AMX instructions for bfloat16; False where torch cannot tell.

    Versions of torch without ``torch.cpu.get_capabilities`` cannot. Other CPUs that know the format
    (AVX-512 BF16) are slower with it than in float32.
    """
    tell = getattr(torch.cpu, "get_capabilities", None)
    return tell is not None and bool(tell().get("amx_bf16"))


@contextmanager
def inference(device: str) -> Iterator[None]:
    """Without gradients; convolutions and matrix products in bfloat16 on CPUs with AMX.

    What a network gives may then be in bfloat16.

    Args:
        device: on which the network is.
    """
    quick = device == "cpu" and is_fast_in_bfloat16()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=quick):
        yield


def fused(network: Network) -> Network:
    """A copy in eval mode whose batch normalisations are part of the convolutions before them."""
    copied = copy.deepcopy(network).eval()
    for module in list(copied.modules()):
        for name, child in module.named_children():
            if not isinstance(child, nn.Sequential) or len(child) != 2:
                continue
            convolution, norm = child
            if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(module, name, fuse_conv_bn_eval(convolution, norm))
    return copied
