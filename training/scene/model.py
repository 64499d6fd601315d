"""The starter scene model: its components, sampling, saving and export."""

import copy
import json
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    StableDiffusionInpaintPipeline,
    UNet2DConditionModel,
)
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from training.common.loop import command_parser, run_command
from training.scene.autoencoder import CELL, LATENTS, build_autoencoder
from training.scene.captions import vocabulary
from training.scene.text import build_text_encoder, build_tokenizer

# Guidance and FLOW_SHIFT, which makes the steps smaller where there is more noise, are the best of
# those tried on prompts of 33 classes, by the distance to training pictures and by a classifier.
SIDE, STEPS, GUIDANCE, FLOW_SHIFT = 256, 12, 4.5, 2.0
# Bytes in one file of the exported pipeline, and of the chunks that a run writes as it goes.
SHARD, CHUNK = "45MB", 15_000_000
PARTS = ("unet", "text_encoder", "vae")
SHEET = (
    "a jungle at sunset, warm golden light",
    "a beach",
    "snowy mountains",
    "plain white studio",
    "a city at night",
    "a forest in autumn",
    "the sea under a blue sky",
    "a bedroom",
    "a living room",
    "a library",
    "a kitchen",
    "a waterfall",
    "a desert",
    "a garden with flowers",
    "a city street",
    "a lake with mountains",
)


def build_unet(
    channels: tuple[int, ...] = (32, 96, 192, 288), text: int = 256
) -> UNet2DConditionModel:
    """A UNet of 9 input channels (latents, mask, what is kept) whose words come by attention and
    beside the time."""
    plain = len(channels) - 2
    return UNet2DConditionModel(
        sample_size=SIDE // CELL,
        in_channels=2 * LATENTS + 1,
        out_channels=LATENTS,
        block_out_channels=channels,
        layers_per_block=1,
        down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",) * 2,
        up_block_types=("CrossAttnUpBlock2D",) * 2 + ("UpBlock2D",) * plain,
        cross_attention_dim=text,
        attention_head_dim=tuple(max(1, c // 64) for c in channels),
        norm_num_groups=min(32, channels[0]),
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        use_linear_projection=True,
    )


def build_scheduler() -> DPMSolverMultistepScheduler:
    """DPM-Solver++ of second order on the straight paths of a rectified flow."""
    return DPMSolverMultistepScheduler(
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
        flow_shift=FLOW_SHIFT,
        algorithm_type="dpmsolver++",
        solver_order=2,
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
    """Load the weights of chunks or of a saved pipeline of the same sizes, in place."""
    if sorted(folder.glob("weights-*.safetensors")):
        load_chunks(pipeline, folder)
        return
    saved = StableDiffusionInpaintPipeline.from_pretrained(folder, dtype=torch.float32)
    for name in PARTS:
        getattr(pipeline, name).load_state_dict(getattr(saved, name).state_dict())


def contact_sheet(
    pipeline: StableDiffusionInpaintPipeline, path: Path, seeds: int = 4, steps: int = STEPS
) -> None:
    """Sample each prompt of :data:`SHEET` from several seeds: one row each, in two columns."""
    grey, all_of_it = Image.new("RGB", (SIDE, SIDE), (128,) * 3), Image.new("L", (SIDE, SIDE), 255)
    pipeline.set_progress_bar_config(disable=True)
    device = pipeline.unet.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        pictures = pipeline(
            prompt=list(SHEET),
            image=grey,
            mask_image=all_of_it,
            height=SIDE,
            width=SIDE,
            num_inference_steps=steps,
            guidance_scale=GUIDANCE,
            num_images_per_prompt=seeds,
            generator=torch.Generator().manual_seed(7),
        ).images
    small = [np.asarray(p.resize((192, 192), Image.Resampling.LANCZOS)) for p in pictures]
    rows = [np.concatenate(small[i : i + seeds], 1) for i in range(0, len(small), seeds)]
    half = (len(rows) + 1) // 2
    columns = [np.concatenate(rows[i : i + half]) for i in range(0, len(rows), half)]
    Image.fromarray(np.concatenate(columns, 1)).save(path, quality=88)


def export(pipeline: StableDiffusionInpaintPipeline, folder: Path) -> None:
    """Save fp16 safetensors, and the parameters for the program in ``starter.json``."""
    halved = copy.deepcopy(pipeline).to(dtype=torch.float16)
    halved.save_pretrained(folder, max_shard_size=SHARD)
    parameters = {
        "side": SIDE,
        # The decoder draws the outermost cell of a white picture with colored dots.
        "margin": CELL,
        "steps": STEPS,
        "guidance_scale": GUIDANCE,
        "vocabulary": vocabulary(),
    }
    (folder / "starter.json").write_text(json.dumps(parameters, indent=1) + "\n")


def save_chunks(parts: dict[str, dict[str, Tensor]], folder: Path) -> list[Path]:
    """Write weights as fp16 in files ``weights-N.safetensors`` of at most :data:`CHUNK` bytes.

    Args:
        parts: state dicts of the pipeline's parts, in the order of the files.
        folder: each file in it is replaced atomically.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chunks, size = [{}], 0
    for part, state in parts.items():
        for name, weight in state.items():
            half = weight.detach().to("cpu", torch.float16).contiguous()
            if size + half.nbytes > CHUNK:
                chunks, size = [*chunks, {}], 0
            chunks[-1][f"{part}.{_plain(name)}"] = half
            size += half.nbytes
    paths = [folder / f"weights-{i}.safetensors" for i in range(len(chunks))]
    for path, chunk in zip(paths, chunks, strict=True):
        save_file(chunk, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
    return paths


def load_chunks(pipeline: StableDiffusionInpaintPipeline, folder: Path) -> None:
    """Load what :func:`save_chunks` wrote; missing parts are unchanged."""
    found: dict[str, dict[str, Tensor]] = {part: {} for part in PARTS}
    for path in sorted(folder.glob("weights-*.safetensors")):
        for name, weight in load_file(path).items():
            part, _, rest = name.partition(".")
            found[part][rest] = weight.float()
    for part, state in found.items():
        if state:
            load_state(getattr(pipeline, part), state)


def load_state(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Load a state dict, whose names may have the prefix of another version of transformers."""
    plain = {_plain(name): weight for name, weight in state.items()}
    names = module.state_dict()
    module.load_state_dict({n: plain.get(_plain(n), kept) for n, kept in names.items()})


def _plain(name: str) -> str:
    return name.removeprefix("text_model.")


def main(arguments: list[str] | None = None) -> int:
    """Command line: chunks to a pipeline; returns its exit code."""
    parser = command_parser(
        "scene export", "Convert the weights that a run exported to a pipeline."
    )
    parser.add_argument("chunks", type=Path, help="the folder --export of training scene train")
    parser.add_argument("folder", type=Path, help="of the pipeline")
    options = parser.parse_args(arguments)

    def work() -> None:
        pipeline = build_pipeline()
        load_chunks(pipeline, options.chunks)
        export(pipeline, options.folder)

    return run_command(work)


if __name__ == "__main__":
    raise SystemExit(main())
