"""Pack the scene model's training pictures into a few small archives.

    python -m training scene pack --scenes256 datasets/scenes256.zip \\
        --scenes datasets/scenes.zip --people datasets/people.zip --out datasets/packed

Writes ``OUT/scenes-N.zip`` of at most ``--part-megabytes`` each, with the pictures as
``scenes/{train,val}/CLASS/NAME.webp``, and ``OUT/index.zip`` with ``index.jsonl`` (one line a
picture: file, class, words, said, small) and 300 cut-out people, ``people/NNN.webp`` (RGBA).

Large files are encoded again at a lower quality; classes that are no use as backgrounds are left
out; pictures that only the 128-pixel archive has are marked ``small``.
"""

import argparse
import io
import json
import zipfile
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from PIL import Image

from training.common.data import PictureArchive
from training.scene.captions import measure
from training.scene.data.pictures import load_people, resized

LEFT_OUT = {"laundromat", "auditorium", "aquarium", "stadium", "airport", "railway", "pier"}
# Classes of the 128-pixel archive that the larger one lacks.
ADDED = {"buildings", "street", "glacier", "swamp", "valley", "volcano", "wheat_field", "alley"}
# Files of more bytes than this are encoded again, at this WebP quality.
LARGE_FILE, QUALITY = 11_000, 58
PEOPLE, PERSON_SIDE = 300, 160


def shrink(data: bytes) -> bytes:
    """A WebP file's bytes, encoded again where that makes it smaller."""
    if len(data) < LARGE_FILE:
        return data
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(buffer, "WEBP", quality=QUALITY, method=4)
    return min(data, buffer.getvalue(), key=len)


def entry(task: tuple[str, str, str, dict]) -> tuple[str, bytes, dict]:
    """One picture's new name, its bytes and its line of the index."""
    archive, name, kind, source = task
    with zipfile.ZipFile(archive) as opened:
        data = opened.read(name)
    part, stem = name.split("/")[1], name.split("/")[-1]
    small = kind in ADDED
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    row = {
        "file": f"scenes/{part}/{kind}/{stem}",
        "class": kind,
        "words": source.get("words", ""),
        "said": sorted(measure(resized([picture], 80)[0], kind)),
        "small": small,
    }
    return row["file"], shrink(data), row


def tasks(scenes256: str, scenes: str) -> list[tuple[str, str, str, dict]]:
    """The pictures to pack: archive, name in it, class, the source's metadata."""
    with zipfile.ZipFile(scenes256) as archive:
        lines = archive.read("scenes256/captions.jsonl").decode().splitlines()
    rows = [json.loads(line) for line in lines]
    found = [(scenes256, r["file"], r["class"], r) for r in rows if r["class"] not in LEFT_OUT]
    names = PictureArchive(scenes).pictures()
    kinds = [name.split("/")[-2] for name in names]
    found += [(scenes, n, k, {}) for n, k in zip(names, kinds, strict=True) if k in ADDED]
    return found


def write_parts(out: Path, entries: Iterator[tuple[str, bytes, dict]], limit: int) -> list[dict]:
    """Write archives of at most ``limit`` bytes; returns the index."""
    rows, number, size, archive = [], 0, 0, None
    for name, data, row in entries:
        if archive is None or size + len(data) + 300 > limit:
            if archive is not None:
                archive.close()
            archive, size = zipfile.ZipFile(out / f"scenes-{number}.zip", "w"), 0
            number += 1
        archive.writestr(name, data)
        size += len(data) + 300
        rows.append(row)
    if archive is not None:
        archive.close()
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Command line of the packing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scenes256", required=True)
    parser.add_argument("--scenes", required=True)
    parser.add_argument("--people", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part-megabytes", type=float, default=26)
    parser.add_argument("--pictures", type=int, help="maximum number, for test runs")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    found = tasks(options.scenes256, options.scenes)
    # Shuffled, so that each part is a random sample.
    found = [found[i] for i in np.random.default_rng(0).permutation(len(found))]
    found = found[: options.pictures]
    with Pool(options.workers) as pool:
        entries = pool.imap(entry, found, chunksize=32)
        rows = write_parts(options.out, entries, int(options.part_megabytes * 1e6))
    people = load_people(
        PictureArchive(options.people), PEOPLE, PERSON_SIDE, np.random.default_rng(0)
    )
    with zipfile.ZipFile(options.out / "index.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        for i, person in enumerate(people):
            buffer = io.BytesIO()
            Image.fromarray(person).save(buffer, "WEBP", quality=70)
            archive.writestr(f"people/{i:03d}.webp", buffer.getvalue())
    print(f"{len(rows)} pictures, {len(people)} people in {options.out}")


if __name__ == "__main__":
    main()
