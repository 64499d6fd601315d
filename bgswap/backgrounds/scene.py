"""Scenes in words as a source of backgrounds: generated, scored, ranked."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bgswap.backgrounds import ranking
from bgswap.backgrounds.ranking import Judgement
from bgswap.backgrounds.search import search
from bgswap.errors import ModelUnavailable
from bgswap.options import SwapOptions
from bgswap.prompts import no_words_note, unknown_words_note
from bgswap.report import Report, candidate_details
from bgswap.types import Background

if TYPE_CHECKING:
    from bgswap.backgrounds.diffusion.generator import SceneGenerator
    from bgswap.backgrounds.diffusion.scenes import Scenes

log = logging.getLogger(__name__)

NO_SECOND_PASS = (
    "The second pass needs a GPU, a scene model that has one, and a photo with half as many pixels "
    "again as that model: it was left out"
)
SECOND_PASS_FAILED = "The second pass failed: the scene is shown without it"
SECOND_PASS_ADDED = "The second pass added to the people: the scene is shown without it"


@dataclass(frozen=True, eq=False)
class SceneSource:
    """A :class:`bgswap.backgrounds.base.BackgroundSource` that a scene model paints.

    Attributes:
        generator: the scene model.
        prompt: the scene in words.
        options: how many, from which seed, in how many steps.
        judge: scores the picture that a scene, (h, w, 3) uint8 RGB, would make, by its people.
        report: collects notes and all scores; its ``step`` may raise Stopped.
    """

    generator: "SceneGenerator"
    prompt: str
    options: SwapOptions
    judge: Callable[[np.ndarray], Judgement]
    report: Report

    def make(self, photo: np.ndarray, alpha: np.ndarray) -> list[Background]:
        """Scenes at model resolution, or twice that after a second pass, best first.

        At least as many as requested; more where those add or enlarge people.

        Args:
            photo: (H, W, 3) uint8 RGB.
            alpha: (H, W) float32 in [0, 1], of the kept people.

        Raises:
            SceneRejected: the safety checker refused every scene.
        """

        def paint(seeds: list[int]) -> "Scenes":
            self.report.extend_stage()
            scenes = self.generator.generate(
                photo,
                alpha,
                self.prompt,
                negative_prompt=self.options.negative_prompt,
                seeds=seeds,
                steps=self.options.steps,
                guidance_scale=self.options.guidance_scale,
                on_step=self.report.step,
            )
            self.report.note(*self.generator.notes, *scenes.notes)
            return scenes

        found = search(alpha, self.options, paint, self.judge)
        backgrounds = self._with_details(photo, alpha, found.backgrounds)
        notes = [
            *no_words_note(self.prompt),
            *unknown_words_note(self.generator.unknown_words(self.prompt)),
        ]
        self.report.note(*notes, *_shortcoming(found.backgrounds, found.good))
        self.report.facts |= {
            "prompt": self.prompt,
            "candidates": [candidate_details(one) for one in found.backgrounds],
            "retries": found.retries,
        }
        return backgrounds

    def _with_details(
        self, photo: np.ndarray, alpha: np.ndarray, ranked: list[Background]
    ) -> list[Background]:
        """The ranked scenes; those that are shown have had a second pass, where there is one."""
        wanted = self.options.second_pass
        if wanted == "off" or not self.generator.has_second_pass(photo):
            if wanted == "on":
                self.report.note(NO_SECOND_PASS)
            return ranked
        shown = self.options.variations
        sharp = [self._sharpened(photo, alpha, one) for one in ranked[:shown]]
        return sharp + ranked[shown:]

    def _sharpened(self, photo: np.ndarray, alpha: np.ndarray, scene: Background) -> Background:
        """A scene after the second pass, unless that fails, or adds or enlarges people."""
        from bgswap.backgrounds.diffusion.sampling import Sampling

        assert scene.image is not None  # scenes have one
        self.report.extend_stage()
        wanted = self.options
        sampling = Sampling(
            self.prompt, wanted.negative_prompt, wanted.steps, wanted.guidance_scale
        )
        try:
            image, notes = self.generator.sharpened(
                photo, alpha, scene.image, scene.seed or 0, sampling, self.report.step
            )
        except (ModelUnavailable, RuntimeError):  # PyTorch's errors of memory are among these
            log.exception("the second pass failed")
            self.report.note(SECOND_PASS_FAILED)
            return scene
        self.report.note(*notes)
        if image is scene.image:
            return scene
        sharp = replace(scene, image=image, **self.judge(image)._asdict())
        if ranking.is_good(sharp, alpha) or ranking.rank([sharp, scene])[0] is sharp:
            return sharp
        self.report.note(SECOND_PASS_ADDED)
        return scene


def _shortcoming(backgrounds: Sequence[Background], good: bool) -> list[str]:
    if good:
        return []
    number = len(backgrounds)
    scenes = "The scene" if number == 1 else f"Even the best of {number} scenes"
    return [f"{scenes} may show somebody extra, or people larger than they are: try other words"]
