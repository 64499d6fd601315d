"""What differs between the classes of inpainting pipelines, read from a loaded pipeline."""

from inspect import signature
from typing import Any

from bgswap.backgrounds.diffusion import Pipeline
from bgswap.options import rows

# Tokens that pipelines without a CLIP text encoder read; their own default.
LONGEST_PROMPT = 512


def denoiser(pipe: Pipeline) -> Any:
    """The network that runs at each step: a UNet or a transformer."""
    network = getattr(pipe, "unet", None)
    return pipe.transformer if network is None else network


def has_preview(pipe: Pipeline) -> bool:
    """Whether previews can be made: by a UNet, or Z-Image's transformer."""
    return getattr(pipe, "unet", None) is not None or (
        type(denoiser(pipe)).__name__ == "ZImageTransformer2DModel"
    )


def own_side(pipe: Pipeline) -> int | None:
    """The resolution that the model was trained at, in pixels; None: its files do not say."""
    size = denoiser(pipe).config.get("sample_size")
    return size * pipe.vae_scale_factor if isinstance(size, int) else None


def multiple(pipe: Pipeline) -> int:
    """Pixels that both sides of a painted picture are multiples of."""
    halvings = len(denoiser(pipe).config.get("block_out_channels", ())) - 1
    # A transformer's patches are in the factor of the image processor.
    return int(pipe.image_processor.config.vae_scale_factor) * 2 ** max(halvings, 0)


def strength(pipe: Pipeline) -> float:
    """Of the noise that is added to the canvas, 1 being nothing but noise."""
    # SDXL inpainting was not trained from pure noise: its card recommends less than 1.
    return 0.99 if hasattr(pipe, "text_encoder_2") else 1.0


def most_steps(pipe: Pipeline) -> int:
    """Steps that the scheduler can make."""
    # LCMScheduler picks its steps from the few that the model was distilled on.
    few: int | None = pipe.scheduler.config.get("original_inference_steps")
    return int(rows()["steps"].bounds[1]) if few is None else int(few * strength(pipe))


def longest_prompt(pipe: Pipeline) -> int:
    """Tokens of a prompt that the text encoder reads."""
    return min(pipe.tokenizer.model_max_length, LONGEST_PROMPT)


def guidance_argument(pipe: Pipeline) -> str:
    """The pipeline's parameter for the scale of classifier-free guidance.

    Where it has ``true_cfg_scale``, its ``guidance_scale`` is an input of a distilled network.
    """
    names = signature(pipe.__call__).parameters
    return "true_cfg_scale" if "true_cfg_scale" in names else "guidance_scale"
