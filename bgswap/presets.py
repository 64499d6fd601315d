"""The table of scene models: one row each. A new one is a row here and a tiny pipeline in tests."""

import re
from dataclasses import dataclass
from typing import Literal

Scheduler = Literal["own", "lcm", "dpmsolver++"]
# Choose the preset by the device and by the models that are available.
AUTO = "auto"

# Words that describe nothing visible: never reported as unknown.
_STOP_WORDS = (
    "a an and are as at behind below but by for from front full her his i in into is it its like "
    "lit lots me my near next no of off on or our over some that the their there this through to "
    "under very with without your"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())


@dataclass(frozen=True)
class ScenePreset:
    """One scene model: its source, and its sampling parameters as its checkpoint's card says.

    Attributes:
        name: value of the option; the setting of its repository is BGSWAP_SCENE_ and this name.
        title: as the page shows it.
        side: the model's own resolution in pixels; it generates about side² of them.
        steps: default number of denoising steps.
        guidance_scale: default scale of classifier-free guidance; 1 is none.
        repository: its diffusers inpainting pipeline; empty: it ships with the program.
        lora: repository of the LoRA that is fused into it; empty: none.
        scheduler: ``own`` (as saved with the model), ``lcm`` or ``dpmsolver++`` (Karras sigmas).
        auto_on: devices on which ``auto`` selects this preset.
        side_in_folder: read the side from the model's folder instead of ``side``.
        parameters_in_folder: read side, steps, guidance and vocabulary from ``starter.json`` there.
        needs_safety_checker: add a note where the safety checker is missing.
        replicates_borders: pad the decoder's convolutions by replicating the border.
        vocabulary: the words the model was trained on; None: no list exists.
    """

    name: str
    title: str
    side: int
    steps: int
    guidance_scale: float
    repository: str = ""
    lora: str = ""
    scheduler: Scheduler = "own"
    auto_on: tuple[str, ...] = ()
    side_in_folder: bool = True
    parameters_in_folder: bool = False
    needs_safety_checker: bool = True
    replicates_borders: bool = False
    vocabulary: frozenset[str] | None = None

    @property
    def role(self) -> str:
        """The name of its role among all models, and of the setting for its weights."""
        return f"scene_{self.name}"

    @property
    def ships(self) -> bool:
        """Whether its weights are part of the program."""
        return not self.repository

    def unknown_words(self, prompt: str) -> list[str]:
        """Words of the prompt, in its order, that the vocabulary lacks; stop words are ignored."""
        if self.vocabulary is None:
            return []
        # Whole words without what follows their apostrophe, each once.
        words = dict.fromkeys(re.findall(r"(?<![^\W\d_]['’])\b[^\W\d_]+", prompt.lower()))
        return [word for word in words if word not in self.vocabulary and word not in STOP_WORDS]


# The role of LoRAs: one setting for all presets that have one.
LORA_ROLE = "scene_lora"
STABLE_DIFFUSION = "stable-diffusion-v1-5/stable-diffusion-inpainting"
PRESETS: dict[str, ScenePreset] = {}
# Allowed values of the option ``preset`` with titles; :func:`add_preset` extends both.
CHOICES: dict[str, str] = {AUTO: "Automatic"}


def add_preset(preset: ScenePreset) -> None:
    """Add a row to the table, or replace the one of that name."""
    PRESETS[preset.name] = preset
    CHOICES[preset.name] = preset.title


# The models' folders hold the sides of the full models and all parameters of the starter: the
# values here hold until a model is loaded.
add_preset(
    ScenePreset(
        "starter",
        "Starter (small, quick)",
        side=128,
        steps=8,
        guidance_scale=3.0,
        parameters_in_folder=True,
        # Trained on scenes without people: there is nothing for a safety checker to find.
        needs_safety_checker=False,
        # The small decoder takes the zeros beyond the frame for grey: it darkened the outermost
        # two pixels of a white picture by 42 of 255.
        replicates_borders=True,
    )
)
add_preset(
    ScenePreset(
        "fast",
        "Fast (Stable Diffusion, few steps)",
        side=512,
        steps=4,
        # LCM-LoRA's card asks for 2 to 8 steps and guidance from 1 to 2. At 1 a step is one pass of
        # the UNet instead of two; above it the negative prompt counts.
        guidance_scale=1.0,
        repository=STABLE_DIFFUSION,
        lora="latent-consistency/lcm-lora-sdv1-5",
        scheduler="lcm",
        auto_on=("cpu", "mps"),
    )
)
add_preset(
    ScenePreset(
        "draft",
        "Draft (Stable Diffusion, small and quick)",
        side=384,
        steps=4,
        guidance_scale=1.0,
        repository=STABLE_DIFFUSION,
        lora="latent-consistency/lcm-lora-sdv1-5",
        scheduler="lcm",
        side_in_folder=False,
    )
)
add_preset(
    ScenePreset(
        "quality",
        "Quality (Stable Diffusion, GPU)",
        side=512,
        steps=25,
        guidance_scale=7.5,
        repository=STABLE_DIFFUSION,
        scheduler="dpmsolver++",
        auto_on=("cuda",),
    )
)
