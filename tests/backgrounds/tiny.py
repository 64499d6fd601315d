"""The pipelines' real classes at tiny size, saved as their big ones are. Weights are random."""

import json
from pathlib import Path

import tiny_parts
import torch
from diffusers import (
    AutoencoderTiny,
    ControlNetModel,
    FlowMatchEulerDiscreteScheduler,
    StableDiffusionControlNetInpaintPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLInpaintPipeline,
    UniPCMultistepScheduler,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from safetensors.torch import save_file
from tiny_parts import NEVER, SIDE, WIDTH
from transformers import (
    CLIPTextModel,
    CLIPTextModelWithProjection,
    Qwen3Config,
    Qwen3Model,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
)

from benchmarks.full_folders import scheduler

# How the UNet of Stable Diffusion XL differs.
XL = {
    "cross_attention_dim": 2 * WIDTH,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 6 * 8 + WIDTH,
}


def save_inpainting(folder: Path, refuse_above: float | None = NEVER) -> Path:
    """Stable Diffusion inpainting in small; the checker refuses pictures above a cosine."""
    torch.manual_seed(0)
    checked = refuse_above is not None
    pipe = StableDiffusionInpaintPipeline(
        vae=tiny_parts.autoencoder(),
        text_encoder=CLIPTextModel(tiny_parts.text_config()),
        tokenizer=tiny_parts.tokenizer(),
        unet=tiny_parts.unet(),
        scheduler=scheduler(),
        safety_checker=tiny_parts.checker(refuse_above) if checked else None,
        feature_extractor=tiny_parts.image_processor() if checked else None,
        requires_safety_checker=checked,
    )
    pipe.save_pretrained(folder)
    return folder


def save_sdxl(folder: Path) -> Path:
    """Stable Diffusion XL inpainting in small."""
    torch.manual_seed(0)
    pipe = StableDiffusionXLInpaintPipeline(
        vae=tiny_parts.autoencoder(),
        text_encoder=CLIPTextModel(tiny_parts.text_config()),
        text_encoder_2=CLIPTextModelWithProjection(tiny_parts.text_config()),
        tokenizer=tiny_parts.tokenizer(),
        tokenizer_2=tiny_parts.tokenizer(),
        unet=tiny_parts.unet(**XL),
        scheduler=scheduler(),
        requires_aesthetics_score=False,
    )
    pipe.save_pretrained(folder)
    return folder


def save_salient(folder: Path) -> Path:
    """Stable Diffusion inpainting with a salient-object-aware ControlNet in small.

    A new ControlNet adds nothing, because its output layers are zero: here they are not.
    """
    torch.manual_seed(0)
    unet = tiny_parts.unet()
    controlnet = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(16, 16, 16))
    for layer in (*controlnet.controlnet_down_blocks, controlnet.controlnet_mid_block):
        torch.nn.init.normal_(layer.weight, std=0.1)
    torch.nn.init.normal_(controlnet.controlnet_cond_embedding.conv_out.weight, std=0.1)
    pipe = StableDiffusionControlNetInpaintPipeline(
        vae=tiny_parts.autoencoder(),
        text_encoder=CLIPTextModel(tiny_parts.text_config()),
        tokenizer=tiny_parts.tokenizer(),
        unet=unet,
        controlnet=controlnet,
        scheduler=UniPCMultistepScheduler.from_config(scheduler().config),
        safety_checker=None,
        feature_extractor=tiny_parts.image_processor(),
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    return folder


def save_z_image(folder: Path) -> Path:
    """Z-Image in small, saved for text to image as its repository is."""
    torch.manual_seed(0)
    pipe = ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=tiny_parts.autoencoder(latent_channels=16, scaling_factor=0.3611, shift_factor=0.1159),
        text_encoder=Qwen3Model(
            Qwen3Config(
                vocab_size=300,
                hidden_size=WIDTH,
                intermediate_size=WIDTH,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=2,
                head_dim=16,
            )
        ),
        tokenizer=tiny_parts.byte_tokenizer(),
        transformer=ZImageTransformer2DModel(
            in_channels=16,
            dim=WIDTH,
            n_layers=1,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=WIDTH,
            axes_dims=[8, 4, 4],
            axes_lens=[1024, 64, 64],
        ),
    )
    # The padding tokens begin as uninitialized memory.
    for name in ("x_pad_token", "cap_pad_token"):
        torch.nn.init.normal_(getattr(pipe.transformer, name), std=0.02)
    pipe.save_pretrained(folder)
    return folder


def save_starter(folder: Path, vocabulary: tuple[str, ...] = ("forest", "golden hour")) -> Path:
    """The starter's folder: no checker, and starter.json beside the pipeline."""
    save_inpainting(folder, refuse_above=None)
    figures = {"side": SIDE, "steps": 3, "guidance_scale": 2.0, "vocabulary": list(vocabulary)}
    (folder / "starter.json").write_text(json.dumps(figures))
    return folder


def save_decoder(folder: Path) -> Path:
    """A tiny autoencoder for the latents of :func:`save_inpainting`."""
    torch.manual_seed(0)
    widths, blocks = (8,) * 3, (1,) * 3
    AutoencoderTiny(
        encoder_block_out_channels=widths,
        decoder_block_out_channels=widths,
        num_encoder_blocks=blocks,
        num_decoder_blocks=blocks,
    ).save_pretrained(folder)
    return folder


def save_classifier(folder: Path, labels: tuple[str, str] = ("normal", "nsfw")) -> Path:
    """A safety checker that refuses pictures which are bright in the mean."""
    torch.manual_seed(0)
    config = ViTConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=4,
        image_size=32,
        patch_size=16,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )
    network = ViTForImageClassification(config)
    network.save_pretrained(folder)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return folder


def save_lora(folder: Path, rank: int = 4, scale: float = 1.0, **unet: object) -> Path:
    """A LoRA of the UNet's attention, with the file name and keys of lcm-lora-sdv1-5."""
    torch.manual_seed(1)
    weights = {}
    for name, module in tiny_parts.unet(**unet).named_modules():
        if name.endswith(("to_q", "to_k", "to_v")):
            key = "lora_unet_" + name.replace(".", "_")
            weights[f"{key}.lora_down.weight"] = torch.randn(rank, module.in_features)
            weights[f"{key}.lora_up.weight"] = scale * torch.randn(module.out_features, rank)
            weights[f"{key}.alpha"] = torch.tensor(float(rank))
    folder.mkdir(parents=True)
    save_file(weights, folder / "pytorch_lora_weights.safetensors")
    return folder
