"""Time and memory of a batch, compared with warm single swaps in one process.

    python -m benchmarks.batch [--photos 100] [--megapixels 1] [--workers N]
                               [--models starter] [--device cpu] [--json FILE]

The photos are ultralytics' ``bus.jpg`` and ``zidane.jpg``, scaled, mirrored and brightened so that
no two are equal. Single swaps share one process with its models loaded and all cores; the batch
starts its workers, and each loads the models: that counts. What counts are the ratio and the
slope; seconds differ from machine to machine and from run to run.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image, ImageOps

from bgswap import BackgroundSwapper, Settings
from bgswap.batch.capacity import worker_environments
from bgswap.batch.inputs import find_photos
from bgswap.batch.job_files import Row
from bgswap.batch.jobs import Job, Request, plan
from bgswap.batch.manifest import Manifest
from bgswap.batch.processes import Pool
from bgswap.batch.worker import SwapWorkers
from bgswap.detection.yolo import restored_threads
from bgswap.io import metadata

PROMPT = "a forest"
# Share of the photos after which memory should not grow: before, models load and caches fill.
SETTLED = 0.2


def make_photos(folder: Path, count: int, pixels: float) -> None:
    """Write ``count`` different photos of about ``pixels`` pixels."""
    with restored_threads():
        from ultralytics.utils import ASSETS
    for number in range(count):
        image = Image.open(ASSETS / ("bus.jpg", "zidane.jpg")[number % 2]).convert("RGB")
        scale = (pixels / (image.width * image.height)) ** 0.5
        image = image.resize((round(image.width * scale), round(image.height * scale)))
        image = ImageOps.mirror(image) if number % 4 > 1 else image
        image = image.point(lambda level, gain=1 - number / (4 * count): round(level * gain))
        image.save(folder / f"{number:03d}.jpg", quality=95)


def singles(jobs: Sequence[Job], out: Path, settings: Settings) -> float:
    """Seconds of consecutive swaps in this process, after one uncounted swap."""
    swapper = BackgroundSwapper.from_settings(settings)
    swapper.swap(jobs[0].path, jobs[0].prompt, jobs[0].people, jobs[0].options)
    out.mkdir()
    start = time.perf_counter()
    for job in jobs:
        result = swapper.swap(job.path, job.prompt, job.people, job.options)
        metadata.save(result.image, out / job.output, result.details)
    return time.perf_counter() - start


def batch(
    jobs: Sequence[Job], out: Path, settings: Settings, workers: int | None
) -> tuple[float, list[float], list[float]]:
    """Seconds of the whole batch, when each photo was done, and the workers' memory then in MB."""
    moments, memory = [], []
    start = time.perf_counter()
    with Manifest(out) as manifest:
        for outcome in Pool(SwapWorkers(settings, out), worker_environments(settings, workers))(
            jobs
        ):
            assert outcome.status == "done", outcome.error
            manifest.append(outcome)
            moments.append(time.perf_counter() - start)
            memory.append(_memory_of_workers())
    return time.perf_counter() - start, moments, memory


def _memory_of_workers() -> float:
    children = psutil.Process().children(recursive=True)
    return sum(child.memory_info().rss for child in children) / 1e6


def measure(
    photos: int, megapixels: float, workers: int | None, settings: Settings
) -> dict[str, Any]:
    """Batch and single swaps on the same photos."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").mkdir()
        make_photos(folder / "in", photos, megapixels * 1e6)
        rows = [Row(photo) for photo in find_photos([str(folder / "in")], folder / "out")]
        jobs = plan(rows, Request(PROMPT, models=settings.models))
        used = len(worker_environments(settings, workers))
        # The batch first: this process has no models yet that would count as memory.
        together, moments, memory = batch(jobs, folder / "out", settings, workers)
        alone = singles(jobs, folder / "singles", settings)
    first = int(photos * SETTLED)
    slope = np.polyfit(range(first, photos), memory[first:], 1)[0] if photos - first > 1 else 0.0
    steady = (moments[-1] - moments[used - 1]) / max(photos - used, 1)
    return {
        "photos": photos,
        "megapixels": megapixels,
        "models": settings.models,
        "device": settings.device,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1),
        "workers": used,
        "seconds": {
            "single swaps": round(alone, 1),
            "batch": round(together, 1),
            "single swap, a photo": round(alone / photos, 2),
            "batch after its first photos, a photo": round(steady, 2),
        },
        "ratio": {
            "batch to single swaps": round(together / alone, 3),
            "after its first photos": round(steady * photos / alone, 3),
        },
        "memory": {
            "MB a worker": round(max(memory) / used),
            "MB more a photo, all workers": round(float(slope), 2),
        },
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--megapixels", type=float, default=1.0)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--models", default="starter")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    settings = Settings(models=asked.models, device=asked.device)
    result = measure(asked.photos, asked.megapixels, asked.workers, settings)
    text = json.dumps(result, indent=2)
    print(text)
    if asked.json:
        asked.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
