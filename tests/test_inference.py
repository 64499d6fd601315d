"""Networks at inference: fused, and in bfloat16 where that is quick."""

import copy

import pytest
import torch
from torch import nn

from bgswap.detection.yolo import YoloDetector
from bgswap.matting.network import NetworkMatter
from bgswap.models import STARTER, smoke
from bgswap.networks import MattingUNet, PersonUNet
from bgswap.networks.inference import fused, inference, is_fast_in_bfloat16
from bgswap.types import Person

SMALL = {"widths": (4, 4, 8, 8, 8), "depths": (1,) * 5}


def trained(network):
    """With other statistics than a new one's, as if it had seen pictures."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.normal_(module.bias, std=0.2)
    return network


@pytest.mark.parametrize(
    ("kind", "more"), [(PersonUNet, {}), (MattingUNet, {"up_depths": (1,) * 4})]
)
def test_a_fused_network_gives_the_same_without_normalisations(kind, more):
    torch.manual_seed(0)
    network = trained(kind(**SMALL, **more)).eval()
    before = copy.deepcopy(network.state_dict())
    quick = fused(network)
    assert not [m for m in quick.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(torch.equal(network.state_dict()[name], value) for name, value in before.items())
    crops = torch.rand(2, 5, 64, 96)
    for one, other in zip(network(crops), quick(crops), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_a_network_in_training_is_fused_with_what_it_has_counted():
    network = trained(PersonUNet(**SMALL)).train()
    quick = fused(network)
    assert network.training and not quick.training
    crops = torch.rand(2, 5, 64, 64)
    torch.testing.assert_close(network.eval()(crops)[0], quick(crops)[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("capabilities", "device", "wanted"),
    [
        ({"amx_bf16": True}, "cpu", torch.bfloat16),
        ({"amx_bf16": True}, "cuda", torch.float32),
        ({"avx512_bf16": True}, "cpu", torch.float32),
        ({"amx_bf16": False}, "cpu", torch.float32),
        ({}, "cpu", torch.float32),
    ],
)
def test_convolutions_are_in_bfloat16_where_the_cpu_has_amx(
    capabilities, device, wanted, monkeypatch
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    layer = nn.Conv2d(3, 4, 3)
    with inference(device):
        given = layer(torch.rand(1, 3, 8, 8))
    assert given.dtype is wanted and given.is_inference()


def second_stage():
    """The detector's second stage as it ships, its network, and a call of it."""
    stage = YoloDetector.load(STARTER / "person-detector")._second
    return stage, lambda people: stage(smoke.noise(), people)


def matter():
    """The matting network as it ships, and a call of it."""
    ships = NetworkMatter.from_folder(STARTER / "matting")
    return ships, lambda people: ships.matte(smoke.noise(), people[0].mask)


@pytest.mark.parametrize("load", [second_stage, matter])
@pytest.mark.parametrize("amx", [False, True])
def test_the_networks_that_ship_are_fused_and_quick(load, amx, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": amx}, raising=False)
    owner, run = load()
    layers, formats = list(owner._network.modules()), set()
    assert not [layer for layer in layers if isinstance(layer, nn.BatchNorm2d)]
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda _, given, output: formats.add(output.dtype))
    run([Person(number=1, box=smoke.BOX, confidence=1, mask=smoke.square())])
    assert formats == {torch.bfloat16 if amx else torch.float32}


def test_an_older_torch_stays_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not is_fast_in_bfloat16()
