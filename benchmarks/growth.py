"""Expansion of people by the scene model: ours compared with one plain inpainting call.

    python -m benchmarks.growth --people PATH [--photos 20] [--json FILE]

``PATH`` holds photos with masks, ``people/val/NAME.webp`` and ``NAME.png``, as a folder or a zip.
Each photo gets three scenes. The plain call is what one would write oneself with the same starter
models: the photo with its old background, the detector's masks as they are, one call of the
diffusers pipeline. It is measured as the pipeline gives it and with the people's pixels pasted back
by those masks: the starter never learned to copy people, there are none in its own picture, and
what the detector finds there are blurs. Ours is ``BackgroundSwapper.swap`` with its defaults, and
for comparison the same cut-out over plain grey, where no scene can have added anything.

All are measured alike: the area of the people that are detected in the finished picture, less the
area of the original people (ground truth, detector masks and the mask that ours kept), as a share
of the picture; a detection that overlaps these by less than half is an extra person. The grey row
shows how much differs merely because the people were cut out: that is no growth. Seconds include
finding the people and exclude loading; their ratio counts.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from bgswap import BackgroundSwapper, NoPersonDetected, Settings, SwapOptions
from bgswap.backgrounds.diffusion.canvas import crop, fit_canvas, place
from bgswap.backgrounds.diffusion.generator import SceneGenerator
from bgswap.backgrounds.ranking import judge
from bgswap.compositing.blend import composite, enlarge_background
from bgswap.io.tensors import images_to_tensor, masks_to_tensor, tensor_to_images
from bgswap.matting.foreground import warm_up
from training.common.data import PictureArchive, people_names, read_person

PROMPTS = (
    "a jungle at sunset, warm golden light",
    "a city street at night with glowing lights",
    "plain white studio",
)
PLAIN, PASTED = "plain call", "plain call, people pasted back"
OURS, ON_GREY = "ours", "ours over plain grey"
GREY = 128


def plain_call(
    generator: SceneGenerator, photo: np.ndarray, mask: np.ndarray, prompt: str, seed: int
) -> np.ndarray:
    """The diffusers pipeline on photo and bare mask, with the preset's steps and guidance.

    Args:
        photo: (H, W, 3) uint8 RGB.
        mask: (H, W) float32, 1 where people are.

    Returns:
        (H, W, 3) uint8 RGB, its picture at the photo's size.
    """
    import torch

    preset = generator.preset
    canvas = fit_canvas(*mask.shape, preset.side, generator.multiple, preset.margin)
    background = (place(mask, canvas) <= 0.5).astype(np.float32)
    output = generator.pipe(
        prompt=prompt,
        image=images_to_tensor([place(photo, canvas)]),
        mask_image=masks_to_tensor([background]),
        height=canvas.height,
        width=canvas.width,
        num_inference_steps=preset.steps,
        guidance_scale=preset.guidance_scale,
        generator=torch.Generator().manual_seed(seed),
        output_type="pt",
    )
    return enlarge_background(crop(tensor_to_images(output.images)[0], canvas), mask.shape)


def compare(
    swapper: BackgroundSwapper, photo: np.ndarray, truth: np.ndarray, prompt: str, seed: int
) -> dict[str, dict[str, float]]:
    """Each method's expansion, extra people and seconds on one photo and scene."""
    generator = swapper.models.scene("starter").model
    find = swapper.models.finder().find
    started = time.perf_counter()
    rough = np.maximum.reduce([(p.mask > 0.5).astype(np.float32) for p in find(photo)])
    plain = plain_call(generator, photo, rough, prompt, seed)
    between = time.perf_counter()
    ours = swapper.swap(photo, prompt, options=SwapOptions(seed=seed, preset="starter"))
    ended = time.perf_counter()
    people, alpha = ours.cutout[..., :3], ours.cutout[..., 3] / np.float32(255)
    there = np.maximum.reduce([truth, rough, alpha])
    made = {
        PLAIN: plain,
        PASTED: np.where(rough[..., None] > 0, photo, plain),
        OURS: ours.image,
        ON_GREY: composite(people, alpha, np.full_like(photo, GREY)),
    }
    rows = {name: judge(image, there, find)._asdict() for name, image in made.items()}
    rows[PLAIN]["seconds"] = rows[PASTED]["seconds"] = between - started
    rows[OURS]["seconds"] = ended - between
    rows[OURS]["retries"] = ours.details["retries"]
    return rows


def measure(people: Path, photos: int, seed: int) -> list[dict[str, Any]]:
    """Every method on evenly spaced held-out photos; photos without a detection are left out."""
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    archive = PictureArchive(people)
    names = people_names(archive, "val")
    chosen = [names[i] for i in np.linspace(0, len(names) - 1, photos).round().astype(int)]
    warm_up()
    rows = []
    for name in chosen:
        photo, mask = read_person(archive, name)
        truth = (mask > 127).astype(np.float32)
        for prompt in PROMPTS:
            try:
                found = compare(swapper, photo, truth, prompt, seed)
            except NoPersonDetected:
                print(f"{name}: nobody found, left out", flush=True)
                break
            rows += [{"photo": name, "prompt": prompt, "method": m} | r for m, r in found.items()]
            print(f"{name}, {prompt}: " + ", ".join(f"{found[m]['expansion']:.4f}" for m in found))
    return rows


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each method the means over all pictures, and its median time beside the plain call's."""
    plain = np.median([r["seconds"] for r in rows if r["method"] == PLAIN])
    lines = []
    for method in (PLAIN, PASTED, OURS, ON_GREY):
        own = [r for r in rows if r["method"] == method]
        lines.append(
            {
                "method": method,
                "pictures": len(own),
                "expansion": float(np.mean([r["expansion"] for r in own])),
                "with_extra_person": float(np.mean([r["extra_people"] > 0 for r in own])),
                "time": float(np.median([r.get("seconds", 0.0) for r in own]) / plain),
            }
        )
    return lines


def table(lines: list[dict[str, Any]]) -> str:
    """The summary as markdown."""
    rows = [
        "| method | pictures | mean expansion | with an extra person | time |",
        "|:--|---:|---:|---:|---:|",
    ]
    for line in lines:
        shares = f"{line['expansion']:.2%} | {line['with_extra_person']:.1%}"
        taken = f"{line['time']:.2f}" if line["time"] else ""
        rows.append(f"| {line['method']} | {line['pictures']} | {shares} | {taken} |")
    return "\n".join(rows)


def main() -> None:
    """Run the command: print the table, write all metrics as JSON on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=Path, required=True, help="folder or zip of photos")
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write all figures here")
    options = parser.parse_args()
    rows = measure(options.people, options.photos, options.seed)
    lines = summary(rows)
    print(table(lines))
    print(f"seeds tried again: {sum(r.get('retries', 0) for r in rows)}")
    if options.json:
        figures = {"summary": lines, "pictures": rows}
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
