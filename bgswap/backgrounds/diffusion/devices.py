"""How a diffusers pipeline is laid on a device: number format, memory options."""

import logging
import os

import torch

from bgswap.backgrounds.diffusion import Pipeline

log = logging.getLogger(__name__)

GIB = 2**30
# What a picture needs on a GPU beyond the weights, roughly: activations of UNet and decoder.
WORKING_MEMORY = 3 * GIB
# Total memory of a GPU below which even one model at a time may not fit beside its activations; a
# card that is sold with 8 GB reports a little less than 8 GiB. Not measured on such a card.
SMALL_GPU = 7.5 * GIB
# Below this, the diffusers guide on Apple silicon advises to slice the attention.
PLENTY_FOR_MPS = 64 * GIB


def number_format(device: str, on_gpu: str = "float16") -> torch.dtype:
    """The format that a preset has for CUDA; float32 elsewhere (halves are slow or unreliable)."""
    formats = {"float16": torch.float16, "bfloat16": torch.bfloat16}
    return formats[on_gpu] if torch.device(device).type == "cuda" else torch.float32


def lay_on(pipe: Pipeline, device: str) -> None:
    """Move the pipeline to the device, with the memory options that fit it.

    A CUDA device too small for everything at once holds one model at a time and decodes in
    tiles; one below 8 GB holds one layer at a time. On every CUDA device the weights of UNet and
    autoencoder are laid out channels-last. On Apple silicon attention is sliced unless memory is
    plenty.
    """
    kind = torch.device(device).type
    if kind == "cuda":
        for name in ("unet", "vae"):
            if isinstance(pipe.components.get(name), torch.nn.Module):
                pipe.components[name].to(memory_format=torch.channels_last)
        free, total = torch.cuda.mem_get_info(device)
        if _weights(pipe) + WORKING_MEMORY > free:
            _offload(pipe, device, by_layers=total < SMALL_GPU)
            return
    pipe.to(device)
    if kind == "mps" and _main_memory() < PLENTY_FOR_MPS:
        pipe.enable_attention_slicing()


def _offload(pipe: Pipeline, device: str, by_layers: bool) -> None:
    """Keep the weights in main memory until they are needed on the GPU."""
    log.info("little GPU memory: one %s at a time", "layer" if by_layers else "model")
    pipe.vae.enable_tiling()
    if by_layers:
        pipe.enable_group_offload(torch.device(device), offload_type="leaf_level", use_stream=True)
    else:
        pipe.enable_model_cpu_offload(device=device)


def _weights(pipe: Pipeline) -> int:
    modules = (part for part in pipe.components.values() if isinstance(part, torch.nn.Module))
    return sum(p.numel() * p.element_size() for module in modules for p in module.parameters())


def _main_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
