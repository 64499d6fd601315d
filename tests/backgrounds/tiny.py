"""The pipelines' real classes at tiny size, saved as their big ones are. Weights are random."""

import json
from pathlib import Path
from string import ascii_lowercase

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    FlowMatchEulerDiscreteScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLInpaintPipeline,
    UNet2DConditionModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3Model,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
)

from benchmarks.full_folders import scheduler

WIDTH = 32
# A UNet grid of 16 under an autoencoder of factor 4: 64 pixels a side.
GRID, SIDE = 16, 64
NEVER, ALWAYS = 2.0, -2.0
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
        vae=_autoencoder(),
        text_encoder=CLIPTextModel(_text_config()),
        tokenizer=_tokenizer(),
        unet=_unet(),
        scheduler=scheduler(),
        safety_checker=_checker(refuse_above) if checked else None,
        feature_extractor=_image_processor() if checked else None,
        requires_safety_checker=checked,
    )
    pipe.save_pretrained(folder)
    return folder


def save_sdxl(folder: Path) -> Path:
    """Stable Diffusion XL inpainting in small."""
    torch.manual_seed(0)
    pipe = StableDiffusionXLInpaintPipeline(
        vae=_autoencoder(),
        text_encoder=CLIPTextModel(_text_config()),
        text_encoder_2=CLIPTextModelWithProjection(_text_config()),
        tokenizer=_tokenizer(),
        tokenizer_2=_tokenizer(),
        unet=_unet(**XL),
        scheduler=scheduler(),
        requires_aesthetics_score=False,
    )
    pipe.save_pretrained(folder)
    return folder


def save_z_image(folder: Path) -> Path:
    """Z-Image in small, saved for text to image as its repository is."""
    torch.manual_seed(0)
    pipe = ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=_autoencoder(latent_channels=16, scaling_factor=0.3611, shift_factor=0.1159),
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
        tokenizer=_byte_tokenizer(),
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
    for name, module in _unet(**unet).named_modules():
        if name.endswith(("to_q", "to_k", "to_v")):
            key = "lora_unet_" + name.replace(".", "_")
            weights[f"{key}.lora_down.weight"] = torch.randn(rank, module.in_features)
            weights[f"{key}.lora_up.weight"] = scale * torch.randn(module.out_features, rank)
            weights[f"{key}.alpha"] = torch.tensor(float(rank))
    folder.mkdir(parents=True)
    save_file(weights, folder / "pytorch_lora_weights.safetensors")
    return folder


def _unet(cross_attention_dim: int = WIDTH, **more: object) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=GRID,
        in_channels=9,
        out_channels=4,
        block_out_channels=(WIDTH, WIDTH),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=cross_attention_dim,
        attention_head_dim=4,
        norm_num_groups=8,
        **more,
    )


def _autoencoder(**changes: object) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(WIDTH,) * 3,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=SIDE,
        **{"latent_channels": 4} | changes,
    )


def _text_config() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(_vocabulary()),
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )


def _vocabulary() -> dict[str, int]:
    letters = [*ascii_lowercase, *(letter + "</w>" for letter in ascii_lowercase)]
    return {token: i for i, token in enumerate(["<|startoftext|>", "<|endoftext|>", *letters])}


def _tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer(vocab=_vocabulary(), merges=[], model_max_length=77)


def _byte_tokenizer() -> Qwen2Tokenizer:
    """A byte-level tokenizer without merges, and with a chat template."""
    tokens = [*sorted(ByteLevel.alphabet()), "<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    template = (
        "{% for m in messages %}<|im_start|>{{ m.role }} {{ m.content }}<|im_end|>{% endfor %}"
    )
    return Qwen2Tokenizer(
        vocab={token: i for i, token in enumerate(tokens)},
        merges=[],
        model_max_length=1000,
        chat_template=template,
    )


def _checker(refuse_above: float) -> StableDiffusionSafetyChecker:
    vision = {
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "image_size": 32,
        "patch_size": 16,
    }
    config = CLIPConfig(
        text_config=_text_config().to_dict(), vision_config=vision, projection_dim=WIDTH
    )
    checker = StableDiffusionSafetyChecker(config)
    checker.concept_embeds_weights.data.fill_(refuse_above)
    checker.special_care_embeds_weights.data.fill_(NEVER)
    return checker


def _image_processor() -> CLIPImageProcessor:
    size = {"height": 32, "width": 32}
    return CLIPImageProcessor(size=size, crop_size=size)
