"""What full scene models cost at their true size, beside plain Stable Diffusion inpainting.

    python -m benchmarks.full_models FOLDER [--preset fast|draft|quality] [--sdxl] [--json FILE]

Builds the folders of the models with random weights in FOLDER (once; 6 GB, with --sdxl 7 GB more)
and runs the product on them through its ordinary settings: the people of ``bus.jpg`` before a
scene, then the same with another seed, both warm. The plain way is diffusers' inpainting pipeline
at the same canvas with 50 steps and guidance 7.5, in float32 on a CPU; it is extrapolated from
--plain-steps. Compare only figures from one run.
"""

import argparse
import gc
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import full_folders
from benchmarks.peak import Peak
from benchmarks.sheet import known_photo
from bgswap import BackgroundSwapper, Progress, Settings, SwapOptions, SwapResult
from bgswap.backgrounds.diffusion.canvas import fit_canvas
from bgswap.io.images import open_photo
from bgswap.models.scene_choice import device_of
from bgswap.presets import PRESETS, ScenePreset
from training.common.cards import markdown_table

PROMPT, WARM_UP, SEED = "a beach at sunset", "snowy mountains", 7
PLAIN_STEPS, PLAIN_GUIDANCE = 50, 7.5


def build(folder: Path, sdxl: bool, tiny: bool) -> dict[str, str]:
    """Make the folders that are missing; the settings of the roles, by role."""
    family = "_sdxl" if sdxl else ""
    makers: dict[str, Any] = {
        f"pipeline{family}": lambda path: full_folders.save_pipeline(path, sdxl, tiny),
        f"lora{family}": lambda path: full_folders.save_lora(path, sdxl, tiny),
        "decoder": full_folders.save_decoder,
        "safety": lambda path: full_folders.save_classifier(path, tiny),
    }
    for name, make in makers.items():
        if not (folder / name).exists():
            # Renamed when complete, so that an interrupted run leaves no half of one.
            make(folder / f"{name}.part").rename(folder / name)
    paths = {name.removesuffix("_sdxl"): str(folder / name) for name in makers}
    return {
        **{f"scene_{preset}": paths["pipeline"] for preset in ("fast", "draft", "quality")},
        "scene_lora": paths["lora"],
        "scene_decoder": paths["decoder"],
        "safety": paths["safety"],
    }


class Timed:
    """Seconds of each forward pass of a network while the ``with`` block runs."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.seconds: list[float] = []
        self._network = network

    def __enter__(self) -> "Timed":
        begun: list[float] = []

        def before(*_: Any) -> None:
            begun.append(_now())

        def after(*_: Any) -> None:
            self.seconds.append(_now() - begun[-1])

        self._handles = [
            self._network.register_forward_pre_hook(before),
            self._network.register_forward_hook(after),
        ]
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self._handles:
            handle.remove()


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def measure_ours(photo: np.ndarray, settings: Settings, preset: str) -> dict[str, Any]:
    """A swap and another seed, warm: after the models were loaded and a swap of another photo."""
    swapper = BackgroundSwapper.from_settings(settings)
    with Peak() as peak:
        start = time.perf_counter()
        generator = swapper.models.scene(preset).model
        load = time.perf_counter() - start
        _swap(swapper, np.ascontiguousarray(photo[:, ::-1]), preset, SEED, prompt=WARM_UP)
        with Timed(generator.pipe.unet) as first:
            result, seconds, preview = _swap(swapper, photo, preset, SEED)
        with Timed(generator.pipe.unet) as second:
            again, further, _ = _swap(swapper, photo, preset, SEED + 1, result)
    assert result.details["models"]["scene"]["kind"] == "full", result.notes
    return {
        "load_s": load,
        "seconds": seconds,
        "first_preview_s": preview,
        "further_seed_s": further,
        "evaluations": len(first.seconds),
        "evaluation_s": statistics.median(first.seconds + second.seconds),
        "stages_s": result.details["seconds"],
        "peak_mb": peak.megabytes,
        "notes": again.notes,
    }


def _swap(
    swapper: BackgroundSwapper,
    photo: np.ndarray,
    preset: str,
    seed: int,
    earlier: SwapResult | None = None,
    prompt: str = PROMPT,
) -> tuple[SwapResult, float, float]:
    """A swap, its seconds, and the seconds until its first preview."""
    previews: list[float] = []
    start = time.perf_counter()

    def tell(progress: Progress) -> None:
        if progress.preview is not None:
            previews.append(time.perf_counter() - start)

    known = earlier and earlier.known
    options = SwapOptions(seed=seed, preset=preset)
    result = swapper.swap(photo, prompt, options=options, on_progress=tell, known=known)
    return result, time.perf_counter() - start, previews[0]


def measure_plain(photo: np.ndarray, folder: Path, side: int, steps: int) -> dict[str, Any]:
    """Diffusers' own pipeline: a few steps, and what all of them would take."""
    from diffusers import AutoPipelineForInpainting

    device = "cuda" if torch.cuda.is_available() else "cpu"
    half = device == "cuda"
    variant = "fp16" if list((folder / "unet").glob("*.fp16.*")) else None
    with Peak() as peak:
        start = time.perf_counter()
        pipe: Any = AutoPipelineForInpainting.from_pretrained(
            folder, dtype=torch.float16 if half else torch.float32, variant=variant
        ).to(device)
        load = time.perf_counter() - start
        pipe.set_progress_bar_config(disable=True)
        canvas = fit_canvas(*photo.shape[:2], side, 64)
        shape = (1, 3, canvas.height, canvas.width)
        generator = torch.Generator().manual_seed(SEED)
        with Timed(pipe.unet) as unet:
            start = time.perf_counter()
            pipe(
                prompt=PROMPT,
                image=torch.rand(shape, generator=generator),
                mask_image=torch.ones(1, 1, *shape[2:]),
                height=canvas.height,
                width=canvas.width,
                num_inference_steps=steps,
                guidance_scale=PLAIN_GUIDANCE,
                strength=1.0,
            )
            seconds = _now() - start
    rest = seconds - sum(unet.seconds)
    evaluation = statistics.median(unet.seconds)
    # A scheduler of PNDM makes one evaluation more than it has steps.
    evaluations = PLAIN_STEPS + len(unet.seconds) - steps
    return {
        "load_s": load,
        "seconds": rest + evaluations * evaluation,
        "evaluations": evaluations,
        "evaluation_s": evaluation,
        "peak_mb": peak.megabytes,
        "canvas": [canvas.width, canvas.height],
    }


def table(ours: dict[str, Any], plain: dict[str, Any]) -> str:
    """Both ways side by side, and the stages of ours."""
    names = ["seconds", "further_seed_s", "first_preview_s", "load_s", "evaluations"]
    rows = [
        [name.replace("_", " "), _shown(plain.get(name)), _shown(ours.get(name))]
        for name in (*names, "evaluation_s", "peak_mb")
    ]
    rows += [[f"stage {name}", "", _shown(value)] for name, value in ours["stages_s"].items()]
    rows.append(["times faster", "1", _shown(plain["seconds"] / ours["seconds"])])
    return markdown_table(["what", "plain", "ours"], rows)


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Build, measure both ways, and print the table."""
    options.folder.mkdir(parents=True, exist_ok=True)
    roles = build(options.folder, options.sdxl, options.tiny)
    for role in ("scene_fast", "scene_lora", "scene_decoder"):
        count = full_folders.parameters(Path(roles[role]))
        print(f"{role}: {count / 1e6:.1f} million weights")
    safety = roles.pop("safety")
    settings = Settings(person_detector="", scenes=roles, safety=safety, device=options.device)
    row: ScenePreset = PRESETS[options.preset]
    photo = open_photo(known_photo("bus.jpg"))
    side = full_folders.GRID * 8 if options.tiny else 1024 if options.sdxl else row.side
    plain_side = side if options.tiny or options.sdxl else 512
    pipeline = Path(roles["scene_fast"])
    plain = measure_plain(photo, pipeline, plain_side, options.plain_steps)
    gc.collect()
    ours = measure_ours(photo, settings, options.preset)
    figures = {"device": device_of(settings), "preset": options.preset, "sdxl": options.sdxl}
    if figures["device"] == "cuda":
        figures["card"] = torch.cuda.get_device_name()
    print(table(ours, plain))
    return figures | {"threads": torch.get_num_threads(), "plain": plain, "ours": ours}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="for the models; on a disk with 15 GB")
    parser.add_argument("--preset", choices=("fast", "draft", "quality"), default="fast")
    parser.add_argument("--sdxl", action="store_true", help="Stable Diffusion XL")
    parser.add_argument("--tiny", action="store_true", help="miniatures, to try the benchmark")
    parser.add_argument("--plain-steps", type=int, default=2, help="steps that are timed")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    figures = run(options)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
