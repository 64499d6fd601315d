"""Number format and memory options by device; the devices themselves are stood in for."""

from types import SimpleNamespace
from unittest.mock import Mock, call

import pytest
import torch

from bgswap.backgrounds.diffusion import devices


@pytest.fixture
def pipe():
    stand_in = Mock()
    # 4 MiB of weights, and parts that have none.
    convolution = torch.nn.Conv2d(256, 256, (4, 4), bias=False)
    stand_in.components = {"unet": convolution, "tokenizer": object(), "none": None}
    return stand_in


def gpu_with(monkeypatch, free, total=8 * devices.GIB):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free, total))


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_whole_floats_elsewhere(device):
    assert devices.number_format(device, "bfloat16") is torch.float32


@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_halves_on_cuda(device):
    assert devices.number_format(device) is torch.float16
    assert devices.number_format(device, "bfloat16") is torch.bfloat16


def test_a_gpu_with_room_takes_everything(pipe, monkeypatch):
    gpu_with(monkeypatch, devices.WORKING_MEMORY + 5 * 2**20)
    devices.lay_on(pipe, "cuda:1")
    assert pipe.mock_calls == [call.to("cuda:1")]


def test_a_small_gpu_takes_one_model_at_a_time(pipe, monkeypatch):
    gpu_with(monkeypatch, devices.WORKING_MEMORY + 3 * 2**20)
    devices.lay_on(pipe, "cuda")
    assert pipe.mock_calls == [
        call.vae.enable_tiling(),
        call.enable_model_cpu_offload(device="cuda"),
    ]


def test_a_gpu_below_8_gigabytes_takes_one_layer_at_a_time(pipe, monkeypatch):
    gpu_with(monkeypatch, devices.WORKING_MEMORY + 3 * 2**20, total=6 * devices.GIB)
    devices.lay_on(pipe, "cuda")
    assert pipe.mock_calls == [
        call.vae.enable_tiling(),
        call.enable_group_offload(torch.device("cuda"), offload_type="leaf_level", use_stream=True),
    ]


@pytest.mark.parametrize(("device", "last"), [("cuda", True), ("cpu", False)])
def test_weights_on_cuda_are_channels_last(pipe, monkeypatch, device, last):
    gpu_with(monkeypatch, 8 * devices.GIB)
    devices.lay_on(pipe, device)
    weight = pipe.components["unet"].weight
    assert weight.is_contiguous(memory_format=torch.channels_last) is last


@pytest.mark.parametrize(("memory", "sliced"), [(16, True), (64, False)])
def test_attention_is_sliced_on_a_small_mac(pipe, monkeypatch, memory, sliced):
    pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": memory * devices.GIB // 4096}
    monkeypatch.setattr(devices, "os", SimpleNamespace(sysconf=pages.__getitem__))
    devices.lay_on(pipe, "mps")
    assert pipe.to.called
    assert pipe.enable_attention_slicing.called is sliced


def test_the_cpu_needs_nothing_special(pipe):
    devices.lay_on(pipe, "cpu")
    assert pipe.mock_calls == [call.to("cpu")]
