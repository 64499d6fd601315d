"""Collect photos of people with masks and boxes, and scenes, into two packs for training.

    python -m training pack --people512 people512.zip --people people.zip \\
        --more people_more.zip --scenes scenes256.zip --coco coco --instances instances.json \\
        --tracker tracker --extra-alphas alphas --exclude excluded_dhash.txt --out packs

``packs/people-a`` and ``packs/people-b`` each get ``pictures.zip`` (WebP files: NAME.webp, masks
NAME.mask.webp) and ``index.jsonl`` (name, kind, size, boxes in pixels of the stored photo,
portrait, source); the scenes are in the second. Run again, it encodes only what has changed.
``coco`` holds ``images/PART`` and ``labels/PART`` in YOLO's layout, ``instances.json`` outlines of
photos of one person. Photos named in ``training/detector/everyday_val.txt`` are held out; the file
is written where it does not exist; ``--everyday`` also saves them with their masks.
"""

import argparse
import json
import logging
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from training.synthesis import pack_sources as sources
from training.synthesis.pack_jobs import BOXES, GROUP, SCENE, Job, Stored, encode, read
from training.synthesis.pack_labels import (
    grey_grid,
    hash_words,
    near_hash,
    polygon_mask,
    read_hashes,
)

HELD_OUT = Path(__file__).parents[1] / "detector" / "everyday_val.txt"
PARTS = ("people-a", "people-b")
LARGEST_PART, NEAR_COPY_BITS = 51_400_000, 3
log = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    parser = argparse.ArgumentParser("pack", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--people512", type=Path, required=True, help="zip of street photos")
    add("--people", type=Path, required=True, help="zip of portraits and varied photos")
    add("--more", type=Path, required=True, help="zip of varied photos")
    add("--scenes", type=Path, help="zip of scenes without people")
    add("--scene-count", type=int, default=2200, help="maximum number of scenes")
    add("--coco", type=Path, help="folder of COCO photos and YOLO labels")
    add("--instances", type=Path, help="COCO JSON with outlines of single people")
    add("--tracker", type=Path, help="folder of the tracking set")
    add("--tracker-count", type=int, default=2500, help="maximum number of its photos")
    add("--extra-alphas", type=Path, help="folder of NAME.alpha.png for the street photos")
    add("--exclude", type=Path, required=True, help="hashes of pictures to leave out")
    add("--everyday", type=Path, help="where to save the held-out everyday photos")
    add("--processes", type=int, default=2)
    add("--out", type=Path, required=True)
    return parser


def coco_jobs(options: argparse.Namespace, more: list[Job]) -> tuple[list[Job], list[Job]]:
    """The COCO photos to pack, and ``more`` with the boxes of those that it holds."""
    coco = sources.coco_photos(options.coco, options.instances)
    val = sources.more_photos(options.more, "val")
    known = options.out / "coco_in_more.json"
    if not known.exists():
        known.write_text(json.dumps(sources.same_photos(coco, more + val)))
    same = json.loads(known.read_text())
    if not HELD_OUT.exists():
        HELD_OUT.parent.mkdir(exist_ok=True)
        HELD_OUT.write_text("\n".join(sources.everyday(coco, same)) + "\n")
    held = set(HELD_OUT.read_text().split())
    if options.everyday:
        save_everyday([job for job in coco if job.name in held], options.everyday)
    boxes = {same[job.name]: job.boxes for job in coco if job.name in same}
    more = [replace(job, boxes=boxes.get(job.name, ())) for job in more]
    return [job for job in coco if job.name not in same and job.name not in held], more


def save_everyday(jobs: Iterable[Job], folder: Path) -> None:
    """Write NAME.jpg and NAME.png (255 is the person) of held-out photos with an outline."""
    folder.mkdir(parents=True, exist_ok=True)
    for job in jobs:
        if job.polygons and not (folder / f"{job.name}.png").exists():
            shutil.copyfile(job.image[0], folder / f"{job.name}.jpg")
            mask = polygon_mask(job.polygons, read(job.image).shape[:2])
            Image.fromarray(mask).save(folder / f"{job.name}.png")


def people_jobs(options: argparse.Namespace) -> list[Job]:
    """All photos of people, in the order in which they are stored."""
    more, coco = sources.more_photos(options.more), []
    if options.coco:
        coco, more = coco_jobs(options, more)
    tracker = sources.tracker_photos(options.tracker) if options.tracker else []
    street = sources.street_photos(options.people512, options.extra_alphas)
    return street + sources.small_photos(options.people) + more + coco + tracker


def held_hashes(options: argparse.Namespace) -> np.ndarray:
    """Hashes (N, 64) bool of held-out pictures: excluded ones and validation parts."""
    known = options.out / "val_hashes.json"
    if not known.exists():
        refs = [job.image for job in sources.more_photos(options.more, "val")]
        for archive in (options.people512, options.people):
            refs += [(str(archive), n) for n in sources.names(archive, ".webp", "val")]
        if options.coco:
            held = set(HELD_OUT.read_text().split())
            coco = sources.coco_photos(options.coco, options.instances)
            refs += [job.image for job in coco if job.name in held]
        known.write_text(json.dumps([hash_words(grey_grid(read(ref)))[0] for ref in refs]))
    return read_hashes(json.loads(known.read_text()) + options.exclude.read_text().splitlines())


def stored_before(out: Path) -> dict[tuple[str, str], Stored]:
    """The photos in existing packs, by name and version."""
    found = {}
    for part in PARTS:
        if not (out / part / "index.jsonl").exists():
            continue
        with zipfile.ZipFile(out / part / "pictures.zip") as archive:
            listed = set(archive.namelist())
            for line in (out / part / "index.jsonl").read_text().splitlines():
                entry = json.loads(line)
                name, mask = f"{entry['name']}.webp", f"{entry['name']}.mask.webp"
                masked = archive.read(mask) if mask in listed else None
                stored = Stored(entry, archive.read(name), masked)
                found[entry["name"], entry["version"]] = stored
    return found


def all_stored(jobs: list[Job], out: Path, processes: int) -> Iterator[Stored | None]:
    """The stored photos of the jobs, in order: from existing packs, else encoded."""
    before = stored_before(out)
    new = [job for job in jobs if (job.name, job.version) not in before]
    log.info("%d photos, %d of them new", len(jobs), len(new))
    with Pool(processes) as pool:
        encoded = pool.imap(encode, new, chunksize=16)
        for job in jobs:
            key = job.name, job.version
            yield before[key] if key in before else next(encoded)


class Part:
    """A pack while it is written; it replaces an existing one when it is closed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.size, self.entries = folder, 0, []
        self._archive = zipfile.ZipFile(folder / "pictures.part", "w")

    def add(self, stored: Stored) -> None:
        """Append one photo."""
        name = stored.entry["name"]
        self._archive.writestr(f"{name}.webp", stored.image)
        if stored.mask is not None:
            self._archive.writestr(f"{name}.mask.webp", stored.mask)
        self.size += len(stored.image) + len(stored.mask or b"") + 500
        self.entries.append(stored.entry)

    def close(self) -> None:
        """Write the index and put both files in place."""
        self._archive.close()
        (self.folder / "pictures.part").replace(self.folder / "pictures.zip")
        lines = "".join(json.dumps(entry) + "\n" for entry in self.entries)
        (self.folder / "index.jsonl").write_text(lines)


def wanted(stored: Iterable[Stored | None], held: np.ndarray, tracker: int) -> Iterator[Stored]:
    """Labeled photos that are not held out; of photos with boxes only no near duplicates."""
    seen, left = np.zeros((0, 64), bool), tracker
    for each in stored:
        if each is None or near_hash(each.entry["hashes"], held):
            continue
        if each.entry["kind"] == BOXES:
            mark = each.entry["hashes"][:1]
            if near_hash(mark, seen, NEAR_COPY_BITS):
                continue
            seen = np.concatenate([seen, read_hashes(mark)])
        if each.entry["source"] == "tracker":
            left -= 1
            if left < 0:
                continue
        yield each


def work(options: argparse.Namespace) -> None:
    """Collect, encode, write and count."""
    options.out.mkdir(parents=True, exist_ok=True)
    jobs = people_jobs(options)
    held = held_hashes(options)
    if options.scenes:
        jobs = sources.scenes(options.scenes, options.scene_count) + jobs
    parts = [Part(options.out / name) for name in PARTS]
    found = all_stored(jobs, options.out, options.processes)
    for stored in wanted(found, held, options.tracker_count):
        full = parts[0].size > LARGEST_PART
        parts[1 if full or stored.entry["kind"] == SCENE else 0].add(stored)
    for part in parts:
        part.close()
        log.info("%s: %.1f MB", part.folder, part.size / 1e6)
    entries = [entry for part in parts for entry in part.entries]
    log.info("%s", Counter((entry["source"], entry["kind"]) for entry in entries))
    log.info("%s", Counter(entry["kind"] for entry in entries))
    boxed = sum(entry["kind"] == GROUP and bool(entry["boxes"]) for entry in entries)
    log.info("groups with boxes: %d", boxed)


def main(arguments: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    work(parser().parse_args(arguments))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
