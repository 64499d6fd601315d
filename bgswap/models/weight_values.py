"""Checks that the values of a model's weights are usable, before the model is used."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bgswap.models.checks import Broken

if TYPE_CHECKING:
    from torch import Tensor

# Far above any trained weight; beyond it sums over a layer may overflow single precision.
LARGEST_WEIGHT = 1e6


def check_values(folder: Path) -> None:
    """Check every weight in the safetensors files of a folder and of the folders in it.

    Raises:
        Broken: some are not finite, far too large, or a file holds nothing but zeros.
    """
    from safetensors import safe_open

    for path in sorted(folder.rglob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            check_tensors(((key, file.get_tensor(key)) for key in sorted(file.keys())), path.name)


def check_tensors(tensors: Iterable[tuple[str, "Tensor"]], name: str) -> None:
    """Check the numbers of weights.

    Args:
        tensors: each with its key.
        name: of the file that they are from.

    Raises:
        Broken: some are not finite, far too large, or all are zero.
    """
    largest = 0.0
    for key, tensor in tensors:
        if not tensor.is_floating_point() or not tensor.numel():
            continue
        # A NaN in the tensor makes both extremes NaN, and every comparison with NaN is false.
        extremes = [abs(float(extreme)) for extreme in tensor.aminmax()]
        if not all(extreme <= LARGEST_WEIGHT for extreme in extremes):
            raise Broken(f"{key} in {name} holds weights that are not finite or far too large")
        largest = max(largest, *extremes)
    if not largest:
        raise Broken(f"{name} holds nothing but zeros")
