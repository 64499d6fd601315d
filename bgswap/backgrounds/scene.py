"""Scenes in words as a source of backgrounds: generated, scored, ranked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bgswap.backgrounds.ranking import Judgement
from bgswap.backgrounds.search import search
from bgswap.options import SwapOptions
from bgswap.prompts import no_words_note, unknown_words_note
from bgswap.report import Report, candidate_details
from bgswap.types import Background

if TYPE_CHECKING:
    from bgswap.backgrounds.diffusion.generator import SceneGenerator
    from bgswap.backgrounds.diffusion.scenes import Scenes


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
        """Scenes at model resolution, best first.

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
        return found.backgrounds


def _shortcoming(backgrounds: Sequence[Background], good: bool) -> list[str]:
    if good:
        return []
    number = len(backgrounds)
    scenes = "The scene" if number == 1 else f"Even the best of {number} scenes"
    return [f"{scenes} may show somebody extra, or people larger than they are: try other words"]
