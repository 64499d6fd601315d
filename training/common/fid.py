"""Frechet and kernel distances between sets of pictures, in Inception's features or others."""

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
from torchmetrics.image.kid import KernelInceptionDistance

from bgswap.detection.checkpoints import read_own
from bgswap.detection.yolo import restored_threads
from bgswap.models import STARTER

log = logging.getLogger(__name__)

INCEPTION = "inception"
BATCH = 16
# The kernel distance is the mean over so many random subsets, each of the smaller set's size.
SUBSETS = 20


@dataclass(frozen=True)
class Fid:
    """Distances between two sets of pictures, or why there are none.

    Attributes:
        value: the Frechet distance, 0 is alike; None where it could not be measured.
        features: the network whose features were compared. Only distances by the same
            features can be compared.
        real, made: pictures in each set.
        note: what to know about the Frechet distance, or why it is missing.
        kid: the kernel distance, whose mean does not depend on the number of pictures.
    """

    value: float | None
    features: str
    real: int
    made: int
    note: str = ""
    kid: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class _Given(nn.Module):
    """Stands for a feature network where the features are there already."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.num_features = dimensions

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features


def frechet_distance(
    real: Sequence[np.ndarray],
    made: Sequence[np.ndarray],
    features: nn.Module | None = None,
    name: str = "",
) -> Fid:
    """FID (Heusel et al., 2017) and KID (Binkowski et al., 2018), by torchmetrics.

    Args:
        real: pictures (H, W, 3) uint8 RGB of any size, two at least.
        made: alike.
        features: (B, 3, 299, 299) uint8 to (B, D) float; None takes the Inception network of
            torch-fidelity, which fetches its weights.
        name: of ``features``, given in the result.

    Returns:
        The distances. They are None, with a note, where Inception's weights cannot be had.
        Fewer pictures than features make a Frechet distance that is too rough to compare: it is
        given with a note, and logged as a warning.

    Raises:
        ValueError: there are fewer than two pictures in a set.
    """
    count = min(len(real), len(made))
    if count < 2:
        raise ValueError(f"the distance needs two pictures in each set, got {count}")
    name = name or (type(features).__name__ if features else "Inception v3 (torch-fidelity)")
    try:
        network = features or FrechetInceptionDistance(feature=2048).inception
    except URLError as error:
        note = f"not measured: the weights of {name} could not be fetched ({error.reason})"
        log.warning("FID %s", note)
        return Fid(None, name, len(real), len(made), note)
    sets = [_features(network, pictures) for pictures in (real, made)]
    dimensions, note = sets[0].shape[1], ""
    if count <= dimensions:
        note = f"rough: {count} pictures for {dimensions} features; more than that are needed"
        log.warning("FID is %s", note)
    kernel = KernelInceptionDistance(_Given(dimensions), subsets=SUBSETS, subset_size=count)
    frechet = FrechetInceptionDistance(feature=_Given(dimensions)).set_dtype(torch.float64)
    for vectors, is_real in zip(sets, (True, False), strict=True):
        frechet.update(vectors, real=is_real)
        kernel.update(vectors, real=is_real)
    with torch.random.fork_rng(devices=[]):  # the subsets are drawn by torch's own generator
        torch.default_generator.manual_seed(0)
        kid = float(kernel.compute()[0])
    return Fid(float(frechet.compute()), name, len(real), len(made), note, kid)


@torch.no_grad()
def _features(network: nn.Module, pictures: Sequence[np.ndarray]) -> torch.Tensor:
    """(N, D) float64."""
    batches = range(0, len(pictures), BATCH)
    return torch.cat([network(_batch(pictures[n : n + BATCH])).double() for n in batches])


def _batch(pictures: Sequence[np.ndarray]) -> torch.Tensor:
    """(B, 3, 299, 299) uint8: all pictures at the size that Inception takes."""
    sized = [cv2.resize(p, (299, 299), interpolation=cv2.INTER_CUBIC) for p in pictures]
    return torch.from_numpy(np.ascontiguousarray(np.stack(sized).transpose(0, 3, 1, 2)))


class DetectorFeatures(nn.Module):
    """The starter person detector's early layers, averaged over the picture.

    They tell textures and parts apart, ship with the program, and no network that is measured was
    trained with them. (B, 3, H, W) uint8 to (B, 128) float.
    """

    name = "the starter person detector's layer 4, mean over the picture"
    layers = 5

    def __init__(self) -> None:
        super().__init__()
        with restored_threads():
            network, _, _ = read_own(STARTER / "person-detector")
        self.body = network.model[: self.layers].eval()

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.body(pictures.float() / 255).mean((2, 3))


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
