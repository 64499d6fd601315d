"""Restoration of degraded faces: ours compared with bilateral and non-local-means filters.

    python -m benchmarks.faces --faces faces.zip [--each 400] [--json FILE] [--sheet PNG]

``--faces`` is what ``training.face_vae.train`` takes: CelebA's folder, any folder or a zip; its
validation faces are used. Each face is put on a drawn person's head at its own 64 pixels, that
photo is made worse in seven ways, cut out and put before a plain white scene. Ours looks for the
face itself, and where it finds none the face counts as untouched. Each filter gets the face alone
and may use whichever of its strengths is best for that kind, chosen with the truth at hand. PSNR
and SSIM are taken over the oval of the face and averaged over the faces.

"16 pixels" is a face that was 16 pixels across and was enlarged with bicubic to 64 afterwards,
as a small picture is that somebody scaled up; a face that has only 16 pixels in the photo itself
could not show what a restoration adds.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.sheet import tile
from bgswap import BackgroundSwapper, Settings
from bgswap.faces.degradation import jpeg_compressed
from bgswap.faces.enhancer import FaceEnhancer
from bgswap.io.encoding import save
from training.common.metrics import kept_scores
from training.face_vae.degrade import noisy, shrunk
from training.face_vae.face_sources import open_faces
from training.face_vae.faces import to_side

SIDE = 64
HEIGHT, WIDTH = 320, 144
# Pixels by which the face's border is extended for hair, ears and chin.
AROUND = 24
SHEET_FACES = 4
# One of so many faces is also enhanced before the jungle.
EVERY_SCENE = 8
Picture = np.ndarray
Filter = Callable[[Picture, Any], Picture]


# Each takes the photo and a seed.
KINDS: dict[str, Callable[[Picture, int], Picture]] = {
    "clean": lambda photo, seed: photo,
    "noise 10": lambda photo, seed: noisy(photo, 10, np.random.default_rng(seed)),
    "noise 20": lambda photo, seed: noisy(photo, 20, np.random.default_rng(seed)),
    "JPEG 15": lambda photo, seed: jpeg_compressed(photo, 15),
    "JPEG 30": lambda photo, seed: jpeg_compressed(photo, 30),
    "blur 1.5": lambda photo, seed: cv2.GaussianBlur(photo, (0, 0), 1.5),
    "32 pixels": lambda photo, seed: shrunk(photo, (WIDTH // 2, HEIGHT // 2)),
    "16 pixels": lambda photo, seed: shrunk(photo, (WIDTH // 4, HEIGHT // 4)),
}
# A filter and its strengths: for color and place, and for grey and color.
FILTERS: dict[str, tuple[Filter, list[Any]]] = {
    "bilateral": (
        lambda face, s: cv2.bilateralFilter(face, 5, s[0], s[1]),
        [(10, 1), (30, 1), (60, 1), (90, 1), (30, 3), (60, 3), (90, 3)],
    ),
    "non-local means": (
        lambda face, h: cv2.fastNlMeansDenoisingColored(face, None, h, h, 3, 21),
        [1, 4, 8, 14],
    ),
}
METHODS = ("untouched", *FILTERS, "ours")


def person(face: Picture, left: int, top: int) -> tuple[Picture, Picture]:
    """A drawn person with a face (64, 64, 3) uint8 at a given place, and their mask."""
    photo = np.full((HEIGHT, WIDTH, 3), face.mean((0, 1)), np.uint8)
    head = cv2.copyMakeBorder(face, *(AROUND,) * 4, cv2.BORDER_REPLICATE)
    head = cv2.GaussianBlur(head, (0, 0), 4)
    head[AROUND:-AROUND, AROUND:-AROUND] = face
    photo[top - AROUND : top + SIDE + AROUND, left - AROUND : left + SIDE + AROUND] = head
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    centre = (left + SIDE // 2, top + SIDE // 2)
    cv2.ellipse(mask, centre, (50, 54), 0, 0, 360, 255, -1)
    cv2.ellipse(mask, (centre[0], HEIGHT), (60, 170), 0, 0, 360, 255, -1)
    return photo, cv2.GaussianBlur(mask, (0, 0), 1).astype(np.float32) / 255


def scenes() -> tuple[Picture, Picture]:
    """A plain white backdrop and a jungle: leaves of all greens and sizes."""
    rng, jungle = np.random.default_rng(0), np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for _ in range(1500):
        centre = (int(rng.integers(WIDTH)), int(rng.integers(HEIGHT)))
        axes = (int(rng.integers(4, 24)), int(rng.integers(2, 8)))
        green = (int(rng.integers(90)), int(rng.integers(30, 210)), int(rng.integers(70)))
        cv2.ellipse(jungle, centre, axes, int(rng.integers(180)), 0, 360, green, -1)
    return np.full((HEIGHT, WIDTH, 3), 255, np.uint8), jungle


def before(scene: Picture, photo: Picture, mask: Picture) -> Picture:
    """The person of a photo composed with a scene, uint8."""
    return np.uint8((photo * mask[..., None] + scene * (1 - mask[..., None])).round())


def scores(made: Picture, true: Picture) -> tuple[float, float]:
    """PSNR in dB (at most 60) and SSIM over the oval of a face, (64, 64, 3) uint8 both."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    found = kept_scores(made, true, np.hypot(rows, columns) < SIDE / 2)
    return float(-10 * np.log10(found["mse"] + 1e-6)), found["ssim"]


def measure(enhancer: FaceEnhancer, face: Picture, kind: str, seed: int) -> dict[str, Any]:
    """Every method on one face with one degradation: scores, milliseconds, and our detection."""
    rng, row = np.random.default_rng(seed), {"kind": kind, "face": seed}
    left, top = int(rng.integers(34, 46)), int(rng.integers(40, 56))
    spot = (slice(top, top + SIDE), slice(left, left + SIDE))
    photo, mask = person(face, left, top)
    worse = KINDS[kind](photo, seed)
    row["untouched"] = [[*scores(worse[spot], face), 0.0]]
    for name, (run, strengths) in FILTERS.items():
        row[name] = []
        for strength in strengths:
            started = time.perf_counter()
            made = run(np.ascontiguousarray(worse[spot]), strength)
            spent = time.perf_counter() - started
            row[name].append([*scores(made, face), 1000 * spent])
    pictures = [before(scene, worse, mask) for scene in scenes()]
    started = time.perf_counter()
    made, notes = enhancer.enhance(pictures[0], [mask], 1.0)
    spent = time.perf_counter() - started
    row["ours"] = [[*scores(made[spot], face), 1000 * spent]]
    row["found"] = "not found" not in notes[0]
    row["mended"] = "restored" in notes[0]
    if seed % EVERY_SCENE == 0:
        other, _ = enhancer.enhance(pictures[1], [mask], 1.0)
        row["apart"] = int(np.abs(made[spot].astype(int) - other[spot]).max())
    return row


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Means by degradation and method; PSNR and SSIM each at the method's best strength."""
    lines = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        same = [row for row in rows if row["kind"] == kind]
        line: dict[str, Any] = {"kind": kind, "faces": len(same)}
        for method in METHODS:
            means = np.mean([row[method] for row in same], axis=0)
            psnr, ssim, spent = means[:, 0].max(), means[:, 1].max(), means[:, 2].mean()
            line[method] = {"psnr": float(psnr), "ssim": float(ssim), "milliseconds": float(spent)}
        line |= {what: sum(row[what] for row in same) for what in ("found", "mended")}
        line["apart"] = max(row["apart"] for row in same if "apart" in row)
        lines.append(line)
    return lines


def table(lines: list[dict[str, Any]]) -> str:
    """A summary as markdown: PSNR / SSIM of each method and degradation; detections."""
    words = [
        f"| kind | {' | '.join(METHODS)} | found | mended | white to jungle |",
        "|:--|" + "---:|" * (len(METHODS) + 3),
    ]
    for line in lines:
        cells = ["{psnr:.2f} / {ssim:.4f}".format(**line[method]) for method in METHODS]
        cells += [f"{line[what]} of {line['faces']}" for what in ("found", "mended")]
        words.append(f"| {line['kind']} | {' | '.join(cells)} | {line['apart']} |")
    spent = {
        method: np.mean([line[method]["milliseconds"] for line in lines]) for method in METHODS
    }
    timings = ", ".join(f"{method} {mean:.1f}" for method, mean in spent.items())
    return "\n".join([*words, "", f"Milliseconds a face and strength: {timings}."])


def sheet(enhancer: FaceEnhancer, faces: list[Picture], rows: list[dict[str, Any]]) -> Picture:
    """One row for each degradation and face: clean, degraded, filters at their best PSNR, ours."""
    lines = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        line = []
        for seed, face in enumerate(faces):
            photo, mask = person(face, 40, 48)
            worse = KINDS[kind](photo, seed)
            spot = np.ascontiguousarray(worse[48 : 48 + SIDE, 40 : 40 + SIDE])
            line += [face, spot]
            for name, (run, strengths) in FILTERS.items():
                means = np.mean([row[name] for row in rows if row["kind"] == kind], axis=0)
                line.append(run(spot, strengths[int(means[:, 0].argmax())]))
            made, _ = enhancer.enhance(before(scenes()[0], worse, mask), [mask], 1.0)
            line.append(made[48 : 48 + SIDE, 40 : 40 + SIDE])
        lines.append(np.hstack([tile(picture, 2 * SIDE) for picture in line]))
    return np.vstack(lines)


def main() -> None:
    """Run the command: print the table, write JSON and a sheet on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True, help="a folder or zip of faces")
    parser.add_argument("--each", type=int, default=400, help="faces of each kind")
    parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--sheet", type=Path, help="write a picture of some here")
    options = parser.parse_args()
    pictures = open_faces(options.faces, "val")
    numbers = np.linspace(0, len(pictures) - 1, min(options.each, len(pictures))).round()
    faces = [to_side(pictures[int(number)]) for number in numbers]
    enhancer = BackgroundSwapper.from_settings(Settings(models="starter")).models.faces().model
    rows = []
    for kind in options.kinds:
        rows += [measure(enhancer, face, kind, seed) for seed, face in enumerate(faces)]
        print(kind, "done", flush=True)
    lines = summary(rows)
    print(table(lines))
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1) + "\n")
    if options.sheet:
        save(sheet(enhancer, faces[:SHEET_FACES], rows), options.sheet)


if __name__ == "__main__":
    main()
