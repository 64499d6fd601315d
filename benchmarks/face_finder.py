"""Recall and false positives of the face finder on photos whose faces were labeled by eye.

    python -m benchmarks.face_finder --data FOLDER [--part figures] [--json FILE]

``--data`` holds people512.zip, people.zip and people_more.zip. ``face_boxes.jsonl`` beside this
file has the boxes of faces by photo: CenterFace proposed them, on the whole photo and on it
enlarged by 2. Sheets of all held-out photos were checked by eye for missed and wrong boxes; of the
training photos only the boxes with a score of .3 to .8 were. "Unclear" are faces that are hidden,
turned away or out of focus, or have less than about 14 pixels: they count neither as missed nor as
false positives. The part ``choice``, training photos, was for choosing the
parameters; the part ``figures``, held-out photos and ultralytics' ``zidane.jpg`` at 240 to 1280
pixels, is for the metrics only.

Each connected part of a photo's labeled mask is a person; where it shows several faces, each of its
pixels belongs to the nearest one. ``zidane.jpg`` has the masks that the starter's detector gives.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.sheet import known_photo
from bgswap import BackgroundSwapper, Settings
from bgswap.faces.base import FaceBox, FaceFinder
from bgswap.faces.degradation import jpeg_compressed
from bgswap.io.images import open_photo, resize
from bgswap.mask_ops import box_iou
from training.common.data import PictureArchive
from training.face_vae.degrade import noisy

BOXES = Path(__file__).parent / "face_boxes.jsonl"
# What the masks beside a photo are called, the first of these.
MASKS = (".hand.png", ".alpha.png", ".png")
WIDTHS = (240, 320, 480, 640, 960, 1280)
# Smallest counted face: square root of its box's area in pixels, after the degradation.
SMALLEST = 20
# IoU from which a box is a hit, and below which it is a false positive.
HIT, FALSE = 0.5, 0.3
# Smallest connected part of a mask that counts as a person, as a share of the photo.
LEAST_PERSON = 0.005
CONDITIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "clean": lambda photo: photo,
    "noise 20": lambda photo: noisy(photo, 20, np.random.default_rng(0)),
    "JPEG 12": lambda photo: jpeg_compressed(photo, 12),
    "blur 2": lambda photo: cv2.GaussianBlur(photo, (0, 0), 2),
    "a quarter of the pixels": lambda photo: resize(
        photo, (round(photo.shape[1] / 2), round(photo.shape[0] / 2))
    ),
}


@dataclass(frozen=True, eq=False)
class LabeledPhoto:
    """A photo with the masks of its people and the boxes of its faces.

    Attributes:
        photo: (H, W, 3) uint8 RGB.
        people: masks (H, W) float32 in [0, 1].
        faces: boxes to detect, in pixels.
        unclear: boxes that count neither way.
    """

    photo: np.ndarray
    people: list[np.ndarray]
    faces: list[FaceBox]
    unclear: list[FaceBox]

    def face_of(self, person: np.ndarray) -> FaceBox | None:
        """The face whose center lies in a person's mask."""
        return next((face for face in self.faces if person[_center(face, person.shape)]), None)


def _center(face: FaceBox, shape: tuple[int, ...]) -> tuple[int, int]:
    row, column = round(face.top + face.height / 2), round(face.left + face.width / 2)
    return min(max(row, 0), shape[0] - 1), min(max(column, 0), shape[1] - 1)


def split_people(mask: np.ndarray, faces: Sequence[FaceBox]) -> list[np.ndarray]:
    """The masks of single people from the mask of all, (H, W) float32 in [0, 1]."""
    count, parts, sizes, _ = cv2.connectedComponentsWithStats(np.uint8(mask > 0.5))
    people = []
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    for number in range(1, count):
        if sizes[number, cv2.CC_STAT_AREA] < LEAST_PERSON * mask.size:
            continue
        part = parts == number
        centers = [_center(face, mask.shape) for face in faces]
        own = [n for n, center in enumerate(centers) if part[center]]
        if len(own) < 2:
            people.append(np.float32(part))
            continue
        distances = [
            np.hypot(rows - centers[n][0], columns - centers[n][1]) / faces[n].height for n in own
        ]
        nearest = np.argmin(distances, axis=0)
        people += [np.float32(part & (nearest == n)) for n in range(len(own))]
    return people


def labeled_photos(data: Path, part: str) -> Iterable[LabeledPhoto]:
    """The photos of a part, ``choice`` or ``figures``.

    Raises:
        FileNotFoundError: an archive is missing.
    """
    archives: dict[str, PictureArchive] = {}
    rows = [json.loads(line) for line in BOXES.read_text().splitlines()]
    for row in (row for row in rows if row["part"] == part):
        faces, unclear = ([FaceBox(*box) for box in row[key]] for key in ("faces", "unclear"))
        if not row["archive"]:
            yield from _known_photo(row["photo"], faces)
            continue
        name = row["archive"]
        archive = archives.setdefault(name, PictureArchive(data / name))
        photo = archive.read(row["photo"] + ".webp")
        beside = next(row["photo"] + end for end in MASKS if row["photo"] + end in archive.names)
        mask = archive.read(beside, "L").astype(np.float32) / 255
        mask = resize(mask, photo.shape[1::-1])
        yield LabeledPhoto(photo, split_people(mask, faces), faces, unclear)


def _known_photo(name: str, faces: Sequence[FaceBox]) -> Iterable[LabeledPhoto]:
    """One of ultralytics' photos at all :data:`WIDTHS`."""
    photo = open_photo(known_photo(name))
    swapper = BackgroundSwapper.from_settings(Settings(models="starter"))
    masks = [person.mask for person in swapper.find_people(photo)]
    for width in WIDTHS:
        scale = width / photo.shape[1]
        size = (width, round(scale * photo.shape[0]))
        people = [resize(mask, size) for mask in masks]
        yield LabeledPhoto(resize(photo, size), people, [_scaled(f, scale) for f in faces], [])


def _scaled(face: FaceBox, scale: float) -> FaceBox:
    return FaceBox(*(scale * value for value in face))


def measure(finder: FaceFinder, labeled: LabeledPhoto, condition: str) -> list[dict[str, Any]]:
    """One row for each person: face counted, hit, false positive, milliseconds."""
    photo = CONDITIONS[condition](labeled.photo)
    scale, size = photo.shape[1] / labeled.photo.shape[1], photo.shape[1::-1]
    known = [_scaled(box, scale).corners for box in (*labeled.faces, *labeled.unclear)]
    rows = []
    for person in labeled.people:
        mask = resize(person, size)
        started = time.perf_counter()
        box = finder.find(photo, mask)
        spent = time.perf_counter() - started
        face = labeled.face_of(person)
        face = None if face is None else _scaled(face, scale)
        counted = face is not None and face.width * face.height >= SMALLEST**2
        rows.append(
            {
                "face": counted,
                "hit": counted and box is not None and box_iou(box.corners, face.corners) >= HIT,
                "false": box is not None
                and all(box_iou(box.corners, other) < FALSE for other in known),
                "milliseconds": 1000 * spent,
            }
        )
    return rows


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Recall, share of people with a false positive, counts, and the mean time."""
    faces = sum(row["face"] for row in rows)
    return {
        "faces": faces,
        "recall": float(sum(row["hit"] for row in rows) / max(faces, 1)),
        "people": len(rows),
        "false": sum(row["false"] for row in rows) / max(len(rows), 1),
        "milliseconds": float(np.mean([row["milliseconds"] for row in rows])),
    }


def table(lines: dict[str, dict[str, float]]) -> str:
    """The summaries by condition as markdown."""
    words = ["| photos | recall | faces | false positives | people | ms |", "|:--|" + "---:|" * 5]
    for name, line in lines.items():
        words.append(
            "| {} | {recall:.3f} | {faces} | {false:.1%} | {people} | {milliseconds:.0f} |".format(
                name, **line
            )
        )
    return "\n".join(words)


def main() -> None:
    """Run the command: print the table, write JSON on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of the archives")
    parser.add_argument("--part", choices=("choice", "figures"), default="figures")
    parser.add_argument("--json", type=Path, help="write the figures here")
    options = parser.parse_args()
    finder = BackgroundSwapper.from_settings(Settings(models="starter")).models.face_finder().model
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in CONDITIONS}
    for labeled in tqdm(labeled_photos(options.data, options.part), desc="photos"):
        for name in CONDITIONS:
            rows[name] += measure(finder, labeled, name)
    lines = {name: summary(some) for name, some in rows.items()}
    print(table(lines))
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1) + "\n")


if __name__ == "__main__":
    main()
