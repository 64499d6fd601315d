"""Frechet inception distance, with Inception's features or those of a network of one's own."""

import importlib
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.error import URLError

import cv2
import numpy as np
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

log = logging.getLogger(__name__)

INCEPTION = "inception"
BATCH = 16


@dataclass(frozen=True)
class Fid:
    """A distance between two sets of pictures, or why there is none.

    Attributes:
        value: the distance, 0 is alike; None where it could not be measured.
        features: the network whose features were compared. Only distances by the same
            features can be compared.
        pictures: in the smaller of the two sets.
        note: what to know about the number, or why it is missing.
    """

    value: float | None
    features: str
    pictures: int
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def frechet_distance(
    real: Sequence[np.ndarray],
    made: Sequence[np.ndarray],
    features: nn.Module | None = None,
    name: str = "",
) -> Fid:
    """Heusel et al. (2017), by torchmetrics.

    Args:
        real: pictures (H, W, 3) uint8 RGB of any size, two at least.
        made: alike.
        features: (B, 3, 299, 299) uint8 to (B, D) float, with an attribute ``num_features`` (D);
            None takes the Inception network of torch-fidelity, which fetches its weights.
        name: of ``features``, told in the result.

    Returns:
        The distance. Its value is None, with a note, where Inception's weights cannot be had.
        Fewer pictures than features make a distance that is too rough to compare: it is given
        with a note, and logged as a warning.

    Raises:
        ValueError: there are fewer than two pictures in a set.
    """
    count = min(len(real), len(made))
    if count < 2:
        raise ValueError(f"the distance needs two pictures in each set, got {count}")
    name = name or (type(features).__name__ if features else "Inception v3 (torch-fidelity)")
    try:
        metric = FrechetInceptionDistance(feature=features if features is not None else 2048)
    except URLError as error:
        note = f"not measured: the weights of {name} could not be fetched ({error.reason})"
        log.warning("FID %s", note)
        return Fid(None, name, count, note)
    metric = metric.eval().set_dtype(torch.float64)
    for pictures, is_real in ((real, True), (made, False)):
        for start in range(0, len(pictures), BATCH):
            metric.update(_batch(pictures[start : start + BATCH]), real=is_real)
    dimensions = metric.real_features_sum.numel()
    note = ""
    if count <= dimensions:
        note = f"rough: {count} pictures for {dimensions} features; more than that are needed"
        log.warning("FID is %s", note)
    return Fid(float(metric.compute()), name, count, note)


def _batch(pictures: Sequence[np.ndarray]) -> torch.Tensor:
    """(B, 3, 299, 299) uint8: all pictures at the size that Inception takes."""
    sized = [cv2.resize(p, (299, 299), interpolation=cv2.INTER_CUBIC) for p in pictures]
    return torch.from_numpy(np.ascontiguousarray(np.stack(sized).transpose(0, 3, 1, 2)))


def load_features(spec: str) -> tuple[nn.Module | None, str]:
    """The feature network that ``--features`` names, and its name.

    Args:
        spec: ``inception``, or ``package.module:function``, a function that returns the network.

    Raises:
        ValueError: there is no such function.
    """
    if spec == INCEPTION:
        return None, ""
    module, _, function = spec.partition(":")
    try:
        return getattr(importlib.import_module(module), function)(), spec
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"--features must be {INCEPTION} or module:function ({error})") from error
