"""The moving average of a network's weights while it is trained."""

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def moving_average(network: nn.Module, decay: float, ramp: bool = True) -> AveragedModel:
    """An exponential moving average of a network's weights and buffers, by torch.

    Args:
        network: begins the average; ``update_parameters(network)`` after each step carries it on.
        decay: share of the average that a step keeps, in [0, 1).
        ramp: keep less in the first steps, (1 + n) / (10 + n) after n of them, so that the first
            weights are soon forgotten.

    Raises:
        ValueError: the decay is out of range.
    """
    if not 0 <= decay < 1:
        raise ValueError(f"the decay of the moving average must be in [0, 1), got {decay}")

    @torch.no_grad()
    def update(average: list[Tensor], current: list[Tensor], steps: Tensor) -> None:
        if not average[0].is_floating_point():  # a group is of one type: counters of batches
            torch._foreach_copy_(average, current)
        elif ramp:
            # Kept as a tensor: reading the count of steps would wait for the device.
            kept = ((1 + steps) / (10 + steps)).clamp_max(decay)
            change = torch._foreach_sub(current, average)
            torch._foreach_mul_(change, 1 - kept)
            torch._foreach_add_(average, change)
        else:
            torch._foreach_lerp_(average, current, 1 - decay)

    return AveragedModel(network, multi_avg_fn=update, use_buffers=True)
