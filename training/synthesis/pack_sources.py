"""The sources of the training packs' photos, and the held-out photos."""

import hashlib
import json
import math
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

import numpy as np

from training.synthesis.pack_jobs import BOXES, GROUP, MOST_BOXES, POLYGON, SCENE, SINGLE, Job, read
from training.synthesis.pack_labels import grey_grid

# Mean difference in grey levels of two pictures' grids below which they count as the same photo.
SAME_PHOTO = 3.5
USELESS_SCENES = {
    "laundromat", "auditorium", "aquarium", "stadium", "airport", "railway", "pier",
}  # fmt: skip
EVERYDAY = 300
# Photos labeled as one person that show several touching people, checked by eye.
SEVERAL_PEOPLE = Path(__file__).with_name("several_people.txt")


def by_hash(name: str) -> str:
    """A key that sorts names in a pseudo-random, fixed order."""
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def names(archive: Path, suffix: str, part: str = "train") -> list[str]:
    """Files of ``part`` in a zip whose names end with ``suffix``."""
    with zipfile.ZipFile(archive) as opened:
        listed = opened.namelist()
    return sorted(n for n in listed if n.endswith(suffix) and f"/{part}/" in n)


def street_photos(archive: Path, extra: Path | None) -> list[Job]:
    """People on streets, with hand-made masks, a teacher's alphas in the zip or in ``extra``."""
    with zipfile.ZipFile(archive) as opened:
        listed = set(opened.namelist())
    jobs = []
    for photo in names(archive, ".webp"):
        stem = photo.removesuffix(".webp")
        name = PurePosixPath(stem).name
        hand, alpha = f"{stem}.hand.png", f"{stem}.alpha.png"
        more = extra / f"{name}.alpha.png" if extra else None
        teacher = (str(archive), alpha) if alpha in listed else None
        if teacher is None and more and more.exists():
            teacher = (str(more), None)
        drawn = (str(archive), hand) if hand in listed else None
        if drawn or teacher:
            job = Job(name, SINGLE, "street", (str(archive), photo), drawn, teacher)
            jobs.append(replace(job, checked=alpha in listed, quality=65))
    return jobs


def small_photos(archive: Path) -> list[Job]:
    """Portraits, and varied photos with one mask for everybody."""
    jobs = []
    for photo in names(archive, ".webp"):
        stem = photo.removesuffix(".webp")
        name = PurePosixPath(stem).name
        kind = {"portraitauto": SINGLE, "mixed": GROUP}.get(name.split("_")[0])
        if kind:
            job = Job(name, kind, name.split("_")[0], (str(archive), photo))
            job = replace(job, hand=(str(archive), f"{stem}.png"), portrait=kind == SINGLE)
            jobs.append(replace(job, quality=70))
    return jobs


def more_photos(archive: Path, part: str = "train") -> list[Job]:
    """Varied photos, with the number of people."""
    with zipfile.ZipFile(archive) as opened:
        lines = opened.read("people/more.jsonl").decode().splitlines()
    several, jobs = set(SEVERAL_PEOPLE.read_text().split()), []
    for row in map(json.loads, lines):
        if row["split"] == part:
            stem = f"people/{part}/{row['name']}"
            kind = SINGLE if row["people"] == "1" and row["name"] not in several else GROUP
            job = Job(row["name"], kind, row["source"], (str(archive), f"{stem}.webp"))
            job = replace(job, hand=(str(archive), f"{stem}.png"), side=352, quality=62)
            jobs.append(job)
    return jobs


def coco_photos(folder: Path, instances: Path) -> list[Job]:
    """COCO photos with boxes of people; the person's polygons where there is just one person.

    Args:
        folder: holds ``images/PART/NAME.jpg`` and ``labels/PART/NAME.txt``.
        instances: COCO's JSON of the photos with one person.
    """
    data = json.loads(instances.read_text())
    files = {image["id"]: Path(image["file_name"]).stem for image in data["images"]}
    polygons = {files[a["image_id"]]: a["segmentation"] for a in data["annotations"]}
    jobs = []
    for photo in sorted(folder.glob("images/*/*.jpg")):
        boxes = yolo_boxes(folder / "labels" / photo.parent.name / f"{photo.stem}.txt")
        job = Job(photo.stem, BOXES, "coco", (str(photo), None), boxes=boxes, side=352, quality=45)
        if photo.stem in polygons:
            parts = tuple(tuple(part) for part in polygons[photo.stem])
            job = replace(job, kind=POLYGON, polygons=parts, side=448, quality=60)
        if 0 < len(boxes) <= MOST_BOXES:
            jobs.append(job)
    return jobs


def tracker_photos(folder: Path) -> list[Job]:
    """One version of each photo of the tracking set, with boxes."""
    versions = defaultdict(list)
    for photo in folder.glob("*/images/*.jpg"):
        versions[photo.name.split(".rf.")[0]].append(photo)
    jobs = []
    for name in sorted(versions, key=by_hash):
        photo = min(versions[name], key=lambda path: by_hash(path.name))
        boxes = yolo_boxes(photo.parents[1] / "labels" / f"{photo.stem}.txt")
        if 0 < len(boxes) <= MOST_BOXES:
            job = Job(f"tracker_{by_hash(name)[:10]}", BOXES, "tracker", (str(photo), None))
            jobs.append(replace(job, boxes=boxes, side=352, quality=45))
    return jobs


def scenes(archive: Path, count: int) -> list[Job]:
    """Scenes without people, each class in proportion to the square root of its size."""
    classes = defaultdict(list)
    for name in names(archive, ".webp"):
        if PurePosixPath(name).parent.name not in USELESS_SCENES:
            classes[PurePosixPath(name).parent.name].append(name)
    share = count / sum(math.sqrt(len(found)) for found in classes.values())
    jobs = []
    for kind, found in sorted(classes.items()):
        chosen = sorted(found, key=by_hash)[: round(share * math.sqrt(len(found)))]
        for name in chosen:
            title = f"scene_{kind}_{PurePosixPath(name).stem}"
            jobs.append(Job(title, SCENE, "scenes256", (str(archive), name), side=256, quality=45))
    return sorted(jobs, key=lambda job: by_hash(job.name))


def same_photos(jobs: Iterable[Job], others: Iterable[Job]) -> dict[str, str]:
    """Names of ``jobs`` that show the same photo as one of ``others``, mapped to its name."""
    others = list(others)
    known = np.stack([grey_grid(read(job.image)) for job in others]).reshape(len(others), -1)
    found = {}
    for job in jobs:
        away = np.abs(known - grey_grid(read(job.image)).reshape(1, -1)).mean(1)
        if away.min() < SAME_PHOTO:
            found[job.name] = others[int(away.argmin())].name
    return found


def everyday(coco: Iterable[Job], taken: Iterable[str]) -> list[str]:
    """Names of the COCO photos to hold out, by hash: first those whose person has a polygon.

    Args:
        taken: names of photos in other sets.
    """
    free = [job for job in coco if job.name not in set(taken)]
    free.sort(key=lambda job: (not job.polygons, by_hash(job.name)))
    return sorted(job.name for job in free[:EVERYDAY])


def yolo_boxes(path: Path) -> tuple[tuple[float, float, float, float], ...]:
    """Boxes of a YOLO text file as x0, y0, x1, y1 in [0, 1]."""
    boxes = []
    for line in path.read_text().splitlines() if path.exists() else []:
        x, y, w, h = map(float, line.split()[1:5])
        corners = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        boxes.append(tuple(min(max(v, 0.0), 1.0) for v in corners))
    return tuple(boxes)
