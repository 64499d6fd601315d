"""What makes the scene model learn quickly: its precision and its optimizer.

The optimizer is Muon for the matrices and AdamW for all else.

Muon (Jordan, 2024) makes each update of a matrix orthogonal, so that rare directions are learned as
fast as frequent ones; sized as by Liu et al., 2025 ("Muon is Scalable for LLM Training") it takes
the learning rate and weight decay of AdamW.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

# Coefficients of Jordan's quintic iteration.
QUINTIC = (3.4445, -4.7750, 2.0315)


@contextmanager
def halves(device: str = "cpu") -> Iterator[None]:
    """Matrix products in bfloat16 where that is quick, attention by its plain formula.

    Processors without instructions for bfloat16 are slower with it, and the flash attention of
    those that have them is slow to go back through.
    """
    quick = device != "cpu" or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    with torch.autocast(device, torch.bfloat16, enabled=quick), sdpa_kernel(SDPBackend.MATH):
        yield


def orthogonal(matrix: Tensor, iterations: int = 5) -> Tensor:
    """The nearest matrices whose singular values are all about 1 (0.7 to 1.2), in bfloat16.

    Args:
        matrix: (..., M, N).
        iterations: of Newton and Schulz.
    """
    x = matrix.bfloat16()
    wide = x if x.shape[-2] <= x.shape[-1] else x.mT
    wide = wide / (wide.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    a, b, c = QUINTIC
    for _ in range(iterations):
        gram = wide @ wide.mT
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return wide if x.shape[-2] <= x.shape[-1] else wide.mT


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum for weights of two dimensions or more; kernels count as rows.

    Matrices of one shape are made orthogonal together, which a GPU does in one go.
    """

    def __init__(
        self, weights: Iterable[nn.Parameter], lr: float, decay: float, momentum: float = 0.95
    ) -> None:
        super().__init__(weights, {"lr": lr, "weight_decay": decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        """One update from the gradients that are there."""
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if weights:
                self._update(weights, group)

    def _update(self, weights: list[nn.Parameter], group: dict) -> None:
        for weight in weights:
            if not self.state[weight]:
                self.state[weight]["mean"] = torch.zeros_like(weight)
        gradients = [weight.grad for weight in weights]
        means = [self.state[weight]["mean"] for weight in weights]
        torch._foreach_lerp_(means, gradients, 1 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, means, group["momentum"])
        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        alike = defaultdict(list)
        for i, part in enumerate(ahead):
            alike[tuple(part.flatten(1).shape)].append(i)
        for shape, chosen in alike.items():
            updates = orthogonal(torch.stack([ahead[i].flatten(1) for i in chosen]))
            size = 0.2 * max(shape) ** 0.5
            for i, update in zip(chosen, updates.float(), strict=True):
                weights[i].add_(update.view_as(weights[i]), alpha=-group["lr"] * size)


def build_optimizers(unet: nn.Module, text: nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for what lies between the UNet's ends, AdamW for ends, norms, biases and words.

    The text model learns at 0.3 of the rate.
    """
    ends = ("conv_in", "conv_out", "embedding")
    inner, rest = [], []
    for name, weight in unet.named_parameters():
        matrix = weight.ndim >= 2 and not any(end in name for end in ends)
        (inner if matrix else rest).append(weight)
    groups = [{"params": rest}, {"params": list(text.parameters()), "lr": 0.3 * rate}]
    return [
        Muon(inner, rate, decay=0.01),
        torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True),
    ]
