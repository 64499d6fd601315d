"""What a caller wants of a scene, as the arguments of a pipeline."""

from dataclasses import dataclass
from math import ceil
from typing import Any

from bgswap.backgrounds.diffusion import Pipeline, traits
from bgswap.presets import ScenePreset


@dataclass(frozen=True)
class Sampling:
    """The scene in words, and how it is sampled.

    Attributes:
        prompt: what the scene shows.
        negative_prompt: what it should not show; without a scale it turns guidance on.
        steps: denoising steps; None leaves them to the preset.
        guidance_scale: of classifier-free guidance; None leaves it to the preset.
    """

    prompt: str
    negative_prompt: str = ""
    steps: int | None = None
    guidance_scale: float | None = None

    def guidance(self, preset: ScenePreset) -> float:
        """The scale of guidance."""
        own = preset.guidance(self.negative_prompt)
        return own if self.guidance_scale is None else self.guidance_scale

    def arguments(self, pipe: Pipeline, preset: ScenePreset) -> dict[str, Any]:
        """The arguments of a pipeline that do not come from the photo."""
        made, strength = self._steps(pipe, preset)[1], traits.strength(pipe)
        return {
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            traits.guidance_argument(pipe): self.guidance(preset),
            "strength": strength,
            # A strength below 1 skips the first steps: schedule more, so that the number is right.
            "num_inference_steps": ceil(made / strength),
        }

    def shortfalls(self, pipe: Pipeline, preset: ScenePreset) -> list[str]:
        """What of this a model cannot do, as notes."""
        notes = []
        for name, text in (("prompt", self.prompt), ("negative prompt", self.negative_prompt)):
            length = len(pipe.tokenizer(text, verbose=False).input_ids)
            if length > traits.longest_prompt(pipe):
                notes.append(f"The {name} is too long for the scene model: its end was not read")
        if self.negative_prompt and self.guidance(preset) <= 1:
            notes.append("Without guidance (a guidance scale above 1) a negative prompt is ignored")
        requested, made = self._steps(pipe, preset)
        if made < requested:
            notes.append(
                f"The {preset.name} scene model makes at most {made} steps: so many were made"
            )
        return notes

    def _steps(self, pipe: Pipeline, preset: ScenePreset) -> tuple[int, int]:
        """Steps that are asked for, and those that the scheduler can make."""
        requested = preset.steps if self.steps is None else self.steps
        return requested, min(requested, traits.most_steps(pipe))
