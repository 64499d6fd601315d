"""Progress and cancellation between the steps of a diffusers pipeline."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bgswap.backgrounds.diffusion import Pipeline
from bgswap.backgrounds.diffusion.canvas import Canvas, crop
from bgswap.errors import Stopped

# Called after each step with the steps done, the steps of all scenes together, and a small
# (h, w, 3) uint8 RGB preview; it raises Stopped to end the work.
StepCallback = Callable[[int, int, np.ndarray | None], None]


class AfterStep:
    """diffusers' ``callback_on_step_end``: reports progress, and stops on :class:`Stopped`.

    Args:
        on_step: called after each step.
        preview: gives a picture of the canvas; None: this pipeline has none.
        canvas: the place of the photo on it, to which the preview is cropped; None: it is not.
        number: scenes, or tiles of one, that were generated before.
        scenes: scenes or tiles in total.
    """

    def __init__(
        self,
        on_step: StepCallback,
        preview: Callable[[], np.ndarray] | None,
        canvas: Canvas | None,
        number: int,
        scenes: int,
    ) -> None:
        self.on_step, self.preview, self.canvas = on_step, preview, canvas
        self.number, self.scenes = number, scenes
        self.stopped: Stopped | None = None

    def __call__(
        self, pipe: Pipeline, index: int, timestep: Any, tensors: dict[str, Any]
    ) -> dict[str, Any]:
        steps = pipe.num_timesteps
        done = self.number * steps + index + 1
        try:
            shown = None if self.preview is None else self.preview()
            if shown is not None and self.canvas is not None:
                shown = crop(shown, self.canvas)
            self.on_step(done, self.scenes * steps, shown)
        except Stopped as stopped:
            self.stopped = stopped
            pipe._interrupt = True
            # An interrupted pipeline still decodes its latents: keep only a few of them.
            return {"latents": tensors["latents"][..., :8, :8]}
        return {}
