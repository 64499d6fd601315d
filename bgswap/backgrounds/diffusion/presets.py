"""The scene models on offer: how each is run, as the card of its checkpoint says."""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bgswap.errors import ModelUnavailable

Scheduler = Literal["own", "lcm", "dpmsolver++"]

# Words that carry no picture; no vocabulary needs to hold them.
_STOP_WORDS = (
    "a an and are as at behind below but by for from front full her his i in into is it its like "
    "lit lots me my near next no of off on or our over some that the their there this through to "
    "under very with without your"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True)
class ScenePreset:
    """How one scene model is run.

    Attributes:
        name: ``starter``, ``fast`` or ``quality``.
        side: the model's own resolution in pixels; it paints about side² of them.
        steps: denoising steps unless the user asks for another number.
        guidance_scale: classifier-free guidance unless the user asks for another; 1 is none.
        lora: whether a LoRA is loaded and fused into the model.
        scheduler: ``own`` (as saved with the model), ``lcm`` or ``dpmsolver++`` (Karras sigmas).
        vocabulary: the words the model was trained on; None: more than can be listed.
    """

    name: str
    side: int
    steps: int
    guidance_scale: float
    lora: bool = False
    scheduler: Scheduler = "own"
    vocabulary: frozenset[str] | None = None

    def unknown_words(self, prompt: str) -> list[str]:
        """Words of the prompt, in its order, that the vocabulary lacks; stop words never count."""
        if self.vocabulary is None:
            return []
        # Whole words without what follows their apostrophe, each once.
        words = dict.fromkeys(re.findall(r"(?<![^\W\d_]['’])\b[^\W\d_]+", prompt.lower()))
        return [word for word in words if word not in self.vocabulary and word not in STOP_WORDS]


# The starter's figures stand in its own folder and the sides of the others in theirs: what is
# here holds until the model is loaded. LCM-LoRA's card asks for 2 to 8 steps and guidance from 1
# to 2: above 1 the prompt is followed more closely and the negative prompt counts.
PRESETS: dict[str, ScenePreset] = {
    "starter": ScenePreset("starter", side=128, steps=8, guidance_scale=3.0),
    "fast": ScenePreset("fast", side=512, steps=4, guidance_scale=1.5, lora=True, scheduler="lcm"),
    "quality": ScenePreset(
        "quality", side=512, steps=25, guidance_scale=7.5, scheduler="dpmsolver++"
    ),
}


def read_starter(preset: ScenePreset, folder: Path) -> ScenePreset:
    """The preset with the figures that ``starter.json`` in the model's folder gives.

    Raises:
        ModelUnavailable: the file is missing or broken.
    """
    try:
        figures = json.loads((folder / "starter.json").read_text(encoding="utf-8"))
        return replace(
            preset,
            side=int(figures["side"]),
            steps=int(figures["steps"]),
            guidance_scale=float(figures["guidance_scale"]),
            vocabulary=frozenset(word for entry in figures["vocabulary"] for word in entry.split()),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelUnavailable(
            f"The starter scene model's starter.json cannot be read: {error}"
        ) from error
