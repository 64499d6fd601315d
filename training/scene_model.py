"""The parts of the starter scene model, put together, drawn from and saved."""

import copy
import json
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, StableDiffusionInpaintPipeline, UNet2DConditionModel
from PIL import Image

from training.captions import vocabulary
from training.scene_autoencoder import build_autoencoder
from training.scene_text import build_text_encoder, build_tokenizer

SIDE, STEPS, GUIDANCE = 64, 12, 3.5
# The program paints about the square of this: photos of 1:1, 3:4, 9:16 and 2:3 then get canvases of
# shapes that the model was trained on. With 64 those of 3:4 would get 48 x 64 pixels, not 64 x 80.
PAINTED = 66
SHEET = (
    "a jungle at sunset, warm golden light",
    "a beach at dusk",
    "snowy mountains",
    "plain white studio",
    "a city street at night",
    "a forest in autumn",
    "the sea under a blue sky",
    "a bedroom",
)


def build_unet(channels: tuple[int, ...] = (32, 96, 192), text: int = 128) -> UNet2DConditionModel:
    """A UNet with 9 input channels whose words come by attention and beside the time."""
    plain = len(channels) - 2
    return UNet2DConditionModel(
        sample_size=SIDE // 4,
        in_channels=9,
        out_channels=4,
        block_out_channels=channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",) * 2,
        up_block_types=("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",) * plain,
        cross_attention_dim=text,
        attention_head_dim=tuple(max(1, c // 32) for c in channels),
        norm_num_groups=min(16, channels[0]),
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        use_linear_projection=True,
    )


def build_scheduler() -> DDIMScheduler:
    """Cosine schedule, v-prediction, steps spaced so that the first starts from pure noise."""
    return DDIMScheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        clip_sample=False,
        steps_offset=1,
    )


def build_pipeline() -> StableDiffusionInpaintPipeline:
    """The whole pipeline, untrained."""
    tokenizer = build_tokenizer()
    return StableDiffusionInpaintPipeline(
        vae=build_autoencoder(),
        text_encoder=build_text_encoder(len(tokenizer)),
        tokenizer=tokenizer,
        unet=build_unet(),
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def load_weights(pipeline: StableDiffusionInpaintPipeline, folder: Path) -> None:
    """Take the weights of a saved pipeline of the same sizes, in place."""
    saved = StableDiffusionInpaintPipeline.from_pretrained(folder, dtype=torch.float32)
    for name in ("unet", "text_encoder", "vae"):
        getattr(pipeline, name).load_state_dict(getattr(saved, name).state_dict())


def contact_sheet(pipeline: StableDiffusionInpaintPipeline, path: Path, seeds: int = 4) -> None:
    """Draw each prompt of :data:`SHEET` from several seeds, one row a prompt."""
    grey, all_of_it = Image.new("RGB", (SIDE, SIDE), (128,) * 3), Image.new("L", (SIDE, SIDE), 255)
    pipeline.set_progress_bar_config(disable=True)
    rows = []
    for prompt in SHEET:
        pictures = pipeline(
            prompt=prompt,
            image=grey,
            mask_image=all_of_it,
            height=SIDE,
            width=SIDE,
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            num_images_per_prompt=seeds,
            generator=torch.Generator().manual_seed(7),
        ).images
        large = [np.asarray(p.resize((160, 160), Image.Resampling.BICUBIC)) for p in pictures]
        rows.append(np.concatenate(large, 1))
    half = (len(rows) + 1) // 2
    columns = [np.concatenate(rows[i : i + half]) for i in range(0, len(rows), half)]
    Image.fromarray(np.concatenate(columns, 1)).save(path)


def export(pipeline: StableDiffusionInpaintPipeline, folder: Path) -> None:
    """Save fp16 safetensors, and what the program has to know of the model in ``starter.json``."""
    copy.deepcopy(pipeline).to(dtype=torch.float16).save_pretrained(folder)
    told = {"side": PAINTED, "steps": STEPS, "guidance_scale": GUIDANCE, "vocabulary": vocabulary()}
    (folder / "starter.json").write_text(json.dumps(told, indent=1) + "\n")
