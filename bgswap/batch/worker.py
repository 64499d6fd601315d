"""The work on one photo, the same on one machine and on many."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bgswap.backgrounds.base import BackgroundSource
from bgswap.backgrounds.spec import background_source, parse_background
from bgswap.batch.jobs import Job
from bgswap.batch.manifest import Outcome, Status
from bgswap.batch.reading import Photo, read_photo
from bgswap.batch.shared_scene import SharedScene, shared_scene
from bgswap.errors import BadInput, BgSwapError, NoPersonDetected, SceneRejected
from bgswap.settings import Settings

# Errors of the photo or its request, which the next run would raise again.
REFUSALS = (BadInput, NoPersonDetected, SceneRejected)


class Worker(Protocol):
    """Holds its models and processes one job after the other."""

    def read(self, job: Job, content: bytes | None = None) -> Photo:
        """Read a job's photo; called in another thread than :meth:`make`."""

    def make(self, job: Job, photo: Photo) -> Outcome:
        """Compute and write a job's result; an exception is a bug and ends the worker."""


class WorkerFactory(Protocol):
    """Creates a worker in its process; can be pickled."""

    def __call__(self) -> Worker: ...


@dataclass(frozen=True)
class SwapWorkers:
    """Creates workers that swap backgrounds.

    Attributes:
        settings: of the models.
        out: the folder of the results.
    """

    settings: Settings
    out: Path

    def __call__(self) -> "SwapWorker":
        return SwapWorker(self.settings, self.out)


class SwapWorker:
    """Swaps the backgrounds of photos; models load with the first one.

    Args:
        settings: of the models.
        out: the folder of the results.
    """

    def __init__(self, settings: Settings, out: Path) -> None:
        from bgswap.swapper import BackgroundSwapper

        self._swapper = BackgroundSwapper.from_settings(settings)
        self._out = out
        self._latest: tuple[tuple[str, str], BackgroundSource | None] = ("", ""), None

    def read(self, job: Job, content: bytes | None = None) -> Photo:
        """Read a job's photo; see :func:`read_photo`."""
        return read_photo(Path(job.path), content)

    def make(self, job: Job, photo: Photo) -> Outcome:
        """Swap the background and write the result.

        Args:
            job: the request.
            photo: from :meth:`read`.

        Raises:
            Exception: a bug; nothing was written.
        """
        start = time.perf_counter()
        facts: dict[str, Any] = {
            "size": photo.size,
            "modified": photo.modified,
            "sha256": photo.sha256,
        }
        if photo.image is None:
            return Outcome.of(job, "refused", error=photo.error, **facts)
        try:
            image, details = self._swapped(job, photo.image)
        except BgSwapError as error:
            status: Status = "refused" if isinstance(error, REFUSALS) else "failed"
            return Outcome.of(job, status, error=str(error), **facts, seconds=_since(start))
        try:
            self._write(image, job, details)
        except (BgSwapError, OSError) as error:
            return Outcome.of(job, "failed", error=str(error), **facts, seconds=_since(start))
        return Outcome.of(
            job,
            "done",
            **facts,
            seconds=_since(start),
            seed=details.get("seed"),
            notes=list(details["notes"]),
            models=details["models"],
        )

    def _swapped(self, job: Job, image: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        source = self._source(job)
        result = self._swapper.swap(image, job.prompt, job.people, job.options, background=source)
        details = result.details | {"background": result.candidates[0].background.source}
        if isinstance(source, SharedScene):
            details |= {"prompt": job.prompt, "models": details["models"] | source.models}
        return result.image, details

    def _source(self, job: Job) -> BackgroundSource | None:
        """The background of a job, opened or generated once and reused; None: its own scene."""
        if not job.scene and not job.background:
            return None
        if self._latest[0] != (job.scene, job.background):
            source: BackgroundSource
            if job.scene:
                source = shared_scene(self._swapper, job, self._out / job.scene)
            else:
                source = background_source(parse_background(job.background, may_name_file=True))
            self._latest = (job.scene, job.background), source
        return self._latest[1]

    def _write(self, image: np.ndarray, job: Job, details: dict[str, Any]) -> None:
        from bgswap.io import metadata

        path = self._out / job.output
        path.parent.mkdir(parents=True, exist_ok=True)
        metadata.save(image, path, details, job.options.quality)


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 3)


def internal_failure(job: Job) -> Outcome:
    """The outcome of a job that met a bug."""
    return Outcome.of(job, "failed", error="something went wrong (internal failure)")
