"""Parts of the tiny pipelines: networks with random weights, and tokenizers."""

from string import ascii_lowercase

from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTokenizer,
    Qwen2Tokenizer,
)

WIDTH = 32
# A UNet grid of 16 under an autoencoder of factor 4: 64 pixels a side.
GRID, SIDE = 16, 64
NEVER, ALWAYS = 2.0, -2.0


def unet(cross_attention_dim: int = WIDTH, **more: object) -> UNet2DConditionModel:
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


def autoencoder(**changes: object) -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(WIDTH,) * 3,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=SIDE,
        **{"latent_channels": 4} | changes,
    )


def text_config() -> CLIPTextConfig:
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


def tokenizer() -> CLIPTokenizer:
    return CLIPTokenizer(vocab=_vocabulary(), merges=[], model_max_length=77)


def byte_tokenizer() -> Qwen2Tokenizer:
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


def checker(refuse_above: float) -> StableDiffusionSafetyChecker:
    vision = {
        "hidden_size": WIDTH,
        "intermediate_size": WIDTH,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "image_size": 32,
        "patch_size": 16,
    }
    config = CLIPConfig(
        text_config=text_config().to_dict(), vision_config=vision, projection_dim=WIDTH
    )
    checker = StableDiffusionSafetyChecker(config)
    checker.concept_embeds_weights.data.fill_(refuse_above)
    checker.special_care_embeds_weights.data.fill_(NEVER)
    return checker


def image_processor() -> CLIPImageProcessor:
    size = {"height": 32, "width": 32}
    return CLIPImageProcessor(size=size, crop_size=size)
