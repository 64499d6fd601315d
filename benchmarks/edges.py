"""Edges of cut-outs with known alpha: ours compared with common recipes.

    python -m benchmarks.edges [--megapixels 1 4 12] [--vitmatte FOLDER] [--json FILE] [--sheet PNG]

Drawn subjects (benchmarks.subjects) stand before photographs; their masks are damaged as a
detector damages them. Each method cuts the subject out and puts it over a new background, and is
measured in a band round the true edge: mean squared error, sum of absolute differences and
gradient error of alpha (Rhemann et al., CVPR 2009), and the composite error, the mean absolute
difference (0 to 255) to the true composite, which is what a person sees.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.peak import Peak
from benchmarks.sheet import tile
from benchmarks.subjects import SUBJECTS, Subject, draw
from bgswap import BackgroundSwapper, Settings
from bgswap.compositing import blend
from bgswap.errors import BgSwapError
from bgswap.io.encoding import save
from bgswap.matting.base import Matter
from bgswap.matting.closed_form import ClosedFormMatter
from bgswap.matting.foreground import foreground, warm_up
from bgswap.matting.vitmatte import VitMatteMatter
from training.mask_autoencoder.drawn_masks import damage

MASK_SIDE = 256
# Half the band's width, and the recipe's, as a share of the picture's height.
BAND, RECIPE = 0.015, 0.01
# Megapixels above which closed form at full size takes minutes and gigabytes.
RECIPE_PIXELS = 5_000_000
# Height of a picture in the sheet, in pixels.
TILE = 300
# Photo (H, W, 3) uint8 and damaged mask (H, W) to alpha and foreground colors.
Method = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def hard_paste(photo: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The detector's mask as it is."""
    return (mask > 0.5).astype(np.float32), photo


def feathered(photo: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same, softened by a Gaussian of 3 pixels."""
    return cv2.GaussianBlur((mask > 0.5).astype(np.float32), (0, 0), 3), photo


def common_recipe(photo: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eroded and dilated mask as trimap, closed-form matting and foreground at full size."""
    from pymatting import estimate_alpha_cf, estimate_foreground_ml

    reach = max(2, round(RECIPE * photo.shape[0]))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    inside = (mask > 0.5).astype(np.uint8)
    trimap = np.where(cv2.erode(inside, disc) > 0, 1.0, 0.5)
    trimap[cv2.dilate(inside, disc) == 0] = 0.0
    alpha = estimate_alpha_cf(photo / 255.0, trimap)
    colors = estimate_foreground_ml(photo / 255.0, alpha)
    return alpha.astype(np.float32), np.uint8((colors * 255).round())


def ours(matter: Matter) -> Method:
    """Matting and foreground estimation by the program."""

    def cut(photo: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        alpha = matter.matte(photo, mask)
        return alpha, foreground(photo, alpha)

    return cut


def methods(matting: str = "") -> dict[str, Method]:
    """All methods by name; ours with the weights that ship, and with ``matting`` if it is given.

    Raises:
        BgSwapError: those cannot be used.
    """
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    compared = {
        "hard paste": hard_paste,
        "feathered by 3 pixels": feathered,
        "common recipe": common_recipe,
        "closed form, no weights": ours(ClosedFormMatter()),
        "ours": ours(swapper.models.matter().model),
    }
    if matting:
        further = BackgroundSwapper.from_settings(Settings(models="full", matting=matting))
        loaded = further.models.matter()
        name = "ViTMatte" if isinstance(loaded.model, VitMatteMatter) else loaded.weights.name
        compared[name] = ours(loaded.model)
    return compared


def backgrounds(height: int, width: int) -> list[np.ndarray]:
    """Photographs that scikit-image ships, (H, W, 3) uint8 RGB, cropped and scaled to cover."""
    from skimage import data

    covered = []
    for picture in (data.coffee(), data.rocket(), data.stereo_motorcycle()[0]):
        rows, columns = picture.shape[:2]
        scale = max(height / rows, width / columns)
        tall, wide = int(height / scale), int(width / scale)
        part = picture[(rows - tall) // 2 :, (columns - wide) // 2 :][:tall, :wide]
        covered.append(cv2.resize(part, (width, height), interpolation=cv2.INTER_CUBIC))
    return covered


def damaged(alpha: np.ndarray, seed: int) -> np.ndarray:
    """A damaged binary mask of an alpha (H, W), as by a detector, float32.

    It goes by the silhouette, to which a veil belongs and a lone hair does not.
    """
    side = max(alpha.shape)
    square = np.zeros((side, side), np.float32)
    square[: alpha.shape[0], : alpha.shape[1]] = alpha > 0.1
    small = cv2.resize(square, (MASK_SIDE, MASK_SIDE), interpolation=cv2.INTER_AREA)
    rough, _ = damage(small, np.random.default_rng(seed))
    large = cv2.resize(rough, (side, side), interpolation=cv2.INTER_LINEAR)
    return (large[: alpha.shape[0], : alpha.shape[1]] > 0.5).astype(np.float32)


def over(subject: Subject, background: np.ndarray) -> np.ndarray:
    """The true composite, float32."""
    share = subject.alpha[..., None]
    return subject.colors * share + background * (1 - share)


def edge_band(alpha: np.ndarray) -> np.ndarray:
    """Where alpha is soft, and a little beyond."""
    reach = max(2, round(BAND * alpha.shape[0]))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return (cv2.dilate(alpha, disc) > 0.02) & (cv2.erode(alpha, disc) < 0.98)


def gradient(alpha: np.ndarray) -> np.ndarray:
    """Length of alpha's gradient after a Gaussian of 1.4 pixels."""
    soft = cv2.GaussianBlur(alpha, (0, 0), 1.4)
    return np.hypot(cv2.Sobel(soft, -1, 1, 0, scale=1 / 8), cv2.Sobel(soft, -1, 0, 1, scale=1 / 8))


def run(method: Method, subject: Subject, old: np.ndarray, new: np.ndarray, seed: int) -> dict:
    """One method on one subject: its errors in the band, seconds, peak memory in MB."""
    photo = np.uint8(over(subject, old).round())
    mask = damaged(subject.alpha, seed)
    with Peak() as peak:
        started = time.perf_counter()
        alpha, colors = method(photo, mask)
        made = blend.composite(colors, alpha, new)
        seconds = time.perf_counter() - started
    band = edge_band(subject.alpha)
    off = np.abs(alpha - subject.alpha)[band]
    slopes = (gradient(alpha) - gradient(subject.alpha))[band]
    return {
        "composite": float(np.abs(made.astype(np.float32) - over(subject, new))[band].mean()),
        "mse": float((off**2).mean()),
        "sad": float(off.sum() / 1000),
        "gradient": float((slopes**2).sum() / 1000),
        "seconds": seconds,
        "megabytes": peak.megabytes,
    }


def measure(sizes: list[float], kinds: list[str], compared: dict[str, Method]) -> list[dict]:
    """Every method on every subject at every size; the recipe only at sizes that it can handle."""
    rows = []
    for size in sizes:
        height = round(np.sqrt(size * 1e6 * 3 / 4) / 4) * 4
        width = height * 4 // 3
        scenes = backgrounds(height, width)
        for number, kind in enumerate(k for k in SUBJECTS if not kinds or k.__name__ in kinds):
            subject = draw(kind, height, width, number)
            old, new = (scenes[(number + n) % len(scenes)] for n in range(2))
            for name, method in compared.items():
                if method is common_recipe and height * width > RECIPE_PIXELS:
                    continue
                found = run(method, subject, old, new, number)
                rows.append({"megapixels": size, "subject": kind.__name__, "method": name} | found)
                print(f"{size:g} MP, {kind.__name__}, {name}: {found['composite']:.2f}", flush=True)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """Means over the subjects as markdown, one block a size."""
    figures = ("composite", "mse", "sad", "gradient", "seconds", "megabytes")
    lines = [
        "| MP | method | composite error | alpha MSE | SAD | gradient | seconds | peak MB |",
        "|---:|:--|---:|---:|---:|---:|---:|---:|",
    ]
    for size in sorted({row["megapixels"] for row in rows}):
        for name in dict.fromkeys(row["method"] for row in rows):
            same = [r for r in rows if (r["megapixels"], r["method"]) == (size, name)]
            if same:
                means = [np.mean([r[figure] for r in same]) for figure in figures]
                words = [f"{m:.2f}" if m < 100 else f"{m:.0f}" for m in means]
                words[1] = f"{means[1]:.4f}"
                lines.append(f"| {size:g} | {name} | " + " | ".join(words) + " |")
    return "\n".join(lines)


def sheet(compared: dict[str, Method], megapixels: float = 1.0) -> np.ndarray:
    """The subjects over a new background: the truth, then each method."""
    height = round(np.sqrt(megapixels * 1e6 * 3 / 4))
    width = height * 4 // 3
    scenes, lines = backgrounds(height, width), []
    for number, kind in enumerate(SUBJECTS):
        subject = draw(kind, height, width, number)
        photo = np.uint8(over(subject, scenes[number % 3]).round())
        mask, plain = damaged(subject.alpha, number), np.full_like(photo, (60, 170, 90))
        made = [np.uint8(over(subject, plain).round())]
        for method in compared.values():
            alpha, colors = method(photo, mask)
            made.append(blend.composite(colors, alpha, plain))
        lines.append(np.hstack([tile(picture, TILE) for picture in made]))
    return np.vstack(lines)


def main(arguments: list[str] | None = None) -> None:
    """Run the command: print the table, write JSON and a sheet on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 4, 12])
    parser.add_argument("--subjects", nargs="*", default=[], help="names; default: all")
    parser.add_argument("--vitmatte", metavar="FOLDER", help="default: BGSWAP_MATTING, if set")
    parser.add_argument("--json", type=Path, help="write all figures here")
    parser.add_argument("--sheet", type=Path, help="write a picture of all here")
    options = parser.parse_args(arguments)
    try:
        compared = methods(options.vitmatte or Settings.from_env().matting)
    except BgSwapError as error:
        parser.error(str(error))
    warm_up()
    rows = measure(options.megapixels, options.subjects, compared)
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    if options.sheet:
        save(sheet(compared), options.sheet)


if __name__ == "__main__":
    main()
