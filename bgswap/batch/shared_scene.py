"""One scene for many photos: generated once without people, then cropped to each aspect ratio."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bgswap.batch.jobs import Job
from bgswap.errors import NoPersonDetected, SceneRejected
from bgswap.io import metadata
from bgswap.io.images import open_photo
from bgswap.report import Report
from bgswap.types import Background

if TYPE_CHECKING:
    from bgswap import BackgroundSwapper

# Seeds tried for a scene without people: as many as for the scene of a single photo.
MOST_SEEDS = 3
# Longer side, in pixels, of the blank photo for the scene model, which scales it.
FRAME_SIDE = 1024


@dataclass(frozen=True, eq=False)
class SharedScene:
    """A :class:`bgswap.backgrounds.base.BackgroundSource` of one scene for every photo.

    Attributes:
        image: (h, w, 3) uint8 RGB, at the scene model's resolution.
        seed: it was generated from.
        models: role to weights, as the details of a swap have them.
    """

    image: np.ndarray
    seed: int
    models: dict[str, dict[str, str]]

    def make(self, photo: np.ndarray, alpha: np.ndarray) -> list[Background]:
        """The largest centered crop of the scene with the photo's aspect ratio.

        Args:
            photo: (H, W, 3) uint8 RGB.
            alpha: (H, W) float32 in [0, 1], of the kept people.
        """
        (height, width), size = self.image.shape[:2], photo.shape[:2]
        scale = min(height / size[0], width / size[1])
        rows, columns = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
        top, left = (height - rows) // 2, (width - columns) // 2
        part = self.image[top : top + rows, left : left + columns]
        return [Background(np.ascontiguousarray(part), "scene", self.seed)]


def shared_scene(swapper: "BackgroundSwapper", job: Job, file: Path) -> SharedScene:
    """Read the scene from its file; generate and write it where it does not exist.

    Two workers that generate it at the same time write the same picture.

    Args:
        swapper: the models.
        job: one of the jobs that share it.
        file: ending in .png.

    Raises:
        SceneRejected: the safety checker rejected every scene.
        ModelUnavailable: BGSWAP_MODELS is ``full`` and a model is not available.
    """
    if not file.exists():
        scene = _generated(swapper, job)
        details = {"prompt": job.prompt, "seed": scene.seed, "models": scene.models}
        metadata.save(scene.image, file, details)
    recorded = metadata.read(file)
    return SharedScene(open_photo(file), recorded["seed"], recorded["models"])


def _generated(swapper: "BackgroundSwapper", job: Job) -> SharedScene:
    """A scene from the first seed without people in it; else from the first seed."""
    report = Report()
    generator = report.used("scene", swapper.models.scene(job.options.preset))
    width, height = job.frame
    scale = FRAME_SIDE / max(width, height)
    size = (max(round(height * scale), 1), max(round(width * scale), 1))
    first: SharedScene | None = None
    for more in range(MOST_SEEDS):
        seed = ((job.options.seed or 0) + more) % 2**32
        with suppress(SceneRejected):
            scenes = generator.generate(
                np.full((*size, 3), 127, np.uint8),
                np.zeros(size, np.float32),
                job.prompt,
                negative_prompt=job.options.negative_prompt,
                seeds=[seed],
                steps=job.options.steps,
                guidance_scale=job.options.guidance_scale,
            )
            scene = SharedScene(scenes.images[0], seed, report.models)
            if _empty(swapper, scene.image):
                return scene
            first = first or scene
    if first is None:
        raise SceneRejected("The safety checker refused every scene: try other words")
    return first


def _empty(swapper: "BackgroundSwapper", scene: np.ndarray) -> bool:
    try:
        swapper.find_people(scene)
    except NoPersonDetected:
        return True
    return False
