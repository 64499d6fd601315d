"""Folders of full scene models in the true layout and sizes, with random weights.

What a model costs does not depend on the values of its weights; this needs no download.
"""

from math import prod
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import torch
from safetensors.torch import save_file

# Constructor arguments: of Stable Diffusion 1.5 inpainting, of SDXL inpainting, of their text
# encoders (CLIP ViT-L, OpenCLIP ViT-bigG), and of a miniature of each for tests.
SD_UNET: dict[str, Any] = {
    "sample_size": 64,
    "block_out_channels": (320, 640, 1280, 1280),
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
XL_UNET: dict[str, Any] = {
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20),
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
LARGE_TEXT: dict[str, Any] = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "projection_dim": 768,
}
HUGE_TEXT: dict[str, Any] = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "projection_dim": 1280,
    "hidden_act": "gelu",
}
AUTOENCODER: dict[str, Any] = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2}
LORA_RANK = 64
# Of the miniature: channels, and the resolution of its UNet's grid.
WIDTH, GRID = 32, 16
TINY_TEXT: dict[str, Any] = {
    "hidden_size": WIDTH,
    "intermediate_size": WIDTH,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "projection_dim": WIDTH,
}


def sizes(sdxl: bool, tiny: bool) -> dict[str, dict[str, Any]]:
    """The constructor arguments of ``unet``, ``vae``, ``text`` and, of SDXL, ``text_2``."""
    parts = {"unet": SD_UNET, "vae": AUTOENCODER, "text": LARGE_TEXT}
    if sdxl:
        parts |= {"unet": XL_UNET, "text_2": HUGE_TEXT}
    if not tiny:
        return parts
    channels = tuple(WIDTH for _ in parts["unet"]["block_out_channels"])
    unet = parts["unet"] | {"sample_size": GRID, "block_out_channels": channels}
    unet |= {"cross_attention_dim": WIDTH * (1 + sdxl), "attention_head_dim": 2}
    if sdxl:
        unet |= {"transformer_layers_per_block": 1, "addition_time_embed_dim": 8}
        unet |= {"projection_class_embeddings_input_dim": 6 * 8 + WIDTH}
    vae = {"block_out_channels": (WIDTH,) * 4, "layers_per_block": 1}
    texts = {name: TINY_TEXT for name in parts if name.startswith("text")}
    return {"unet": unet, "vae": vae, **texts}


def save_pipeline(folder: Path, sdxl: bool = False, tiny: bool = False) -> Path:
    """A diffusers inpainting pipeline of Stable Diffusion 1.5 or SDXL; float32, SDXL float16."""
    from diffusers import StableDiffusionInpaintPipeline, StableDiffusionXLInpaintPipeline
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(0)
    size = sizes(sdxl, tiny)
    parts: dict[str, Any] = {
        "vae": _autoencoder(size["vae"], sdxl),
        "text_encoder": CLIPTextModel(_text_config(size["text"])),
        "tokenizer": _tokenizer(),
        "unet": _unet(size["unet"]),
        "scheduler": scheduler(),
    }
    if sdxl:
        second = CLIPTextModelWithProjection(_text_config(size["text_2"]))
        pipe: Any = StableDiffusionXLInpaintPipeline(
            **parts, text_encoder_2=second, tokenizer_2=_tokenizer()
        )
        pipe.to(dtype=torch.float16)
        pipe.save_pretrained(folder, variant="fp16")
    else:
        checker = {"safety_checker": None, "feature_extractor": None}
        pipe = StableDiffusionInpaintPipeline(**parts, **checker, requires_safety_checker=False)
        pipe.save_pretrained(folder)
    return folder


def save_decoder(folder: Path) -> Path:
    """A tiny autoencoder as ``madebyollin/taesd`` is."""
    from diffusers import AutoencoderTiny

    torch.manual_seed(0)
    AutoencoderTiny().save_pretrained(folder)
    return folder


def save_classifier(folder: Path, tiny: bool = False) -> Path:
    """A safety checker as ``Falconsai/nsfw_image_detection`` is (ViT-B/16); it refuses nothing."""
    from transformers import ViTConfig, ViTForImageClassification, ViTImageProcessor

    torch.manual_seed(0)
    size = {"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 1}
    config = ViTConfig(
        id2label={0: "normal", 1: "nsfw"},
        label2id={"normal": 0, "nsfw": 1},
        **(size | {"num_attention_heads": 2} if tiny else {}),
    )
    network = ViTForImageClassification(config)
    network.classifier.bias.data[0] = 1e3
    network.save_pretrained(folder)
    ViTImageProcessor().save_pretrained(folder)
    return folder


def save_lora(folder: Path, sdxl: bool = False, tiny: bool = False) -> Path:
    """A LoRA of all attention and feed-forward layers, with the keys of the LCM-LoRAs."""
    rank = 4 if tiny else LORA_RANK
    names = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2")
    with torch.device("meta"):
        unet = _unet(sizes(sdxl, tiny)["unet"])
    weights = {}
    for name, layer in unet.named_modules():
        if name.endswith(names) and isinstance(layer, torch.nn.Linear):
            key = "lora_unet_" + name.replace(".", "_")
            weights[f"{key}.lora_down.weight"] = 0.01 * torch.randn(rank, layer.in_features)
            weights[f"{key}.lora_up.weight"] = 0.01 * torch.randn(layer.out_features, rank)
            weights[f"{key}.alpha"] = torch.tensor(float(rank))
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "pytorch_lora_weights.safetensors")
    return folder


def _unet(size: dict[str, Any]) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(in_channels=9, out_channels=4, **size)


def _autoencoder(size: dict[str, Any], sdxl: bool) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        sample_size=1024 if sdxl else 512,
        scaling_factor=0.13025 if sdxl else 0.18215,
        **size,
    )


def _text_config(size: dict[str, Any]) -> Any:
    from transformers import CLIPTextConfig

    return CLIPTextConfig(vocab_size=49408, max_position_embeddings=77, **size)


def _tokenizer() -> Any:
    from transformers import CLIPTokenizer

    tokens = ["<|startoftext|>", "<|endoftext|>", *ascii_lowercase]
    tokens += [f"{letter}</w>" for letter in ascii_lowercase]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    return CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def scheduler() -> Any:
    """The configuration that Stable Diffusion 1.5 inpainting is saved with."""
    from diffusers import PNDMScheduler

    return PNDMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        skip_prk_steps=True,
        set_alpha_to_one=False,
        steps_offset=1,
    )


def parameters(folder: Path) -> int:
    """Weights in all safetensors files of a folder, by their headers."""
    from safetensors import safe_open

    total = 0
    for path in sorted(folder.rglob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            keys = list(file.keys())
            total += sum(prod(file.get_slice(key).get_shape()) for key in keys)
    return total
