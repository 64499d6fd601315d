"""The table of scene models: one row each. A new one is a row here and a tiny pipeline in tests."""

import re
from dataclasses import dataclass, replace
from typing import Any, Literal

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
        guidance_scale: default scale of classifier-free guidance; 1 is none, which halves the time.
        negative_guidance_scale: default scale where the user gives a negative prompt, which has no
            effect without guidance; 0: the same.
        repository: its diffusers pipeline; empty: it ships with the program.
        pipeline: ``module:class`` of its pipeline; by default the class for inpainting that fits
            ``model_index.json`` in its folder. No code in the folder is run.
        lora: repository of the LoRA that is fused into it; empty: none.
        decoder: repository of a tiny autoencoder for its latents, used on CPUs; empty: none.
        scheduler: ``own`` (as saved with the model), ``lcm`` or ``dpmsolver++`` (Karras sigmas).
        auto_on: devices on which ``auto`` selects this preset.
        gpu_format: number format on CUDA; float32 elsewhere.
        least_memory: gigabytes of GPU memory that the model needs; 0: it runs on every device.
        larger: the model of this preset for GPUs that have its least memory; None: there is none.
        family: of a larger model, the end of its setting's name.
        converts: use a UNet that OpenVINO converted, on CPUs where that is installed.
        side_in_folder: read the side from the model's folder instead of ``side``.
        parameters_in_folder: read side, margin, steps, guidance and vocabulary from
            ``starter.json`` there.
        needs_safety_checker: check its scenes, or add a note where there is no checker.
        margin: pixels at the border of what it paints that are cut off.
        vocabulary: the words the model was trained on; None: no list exists.
        second_pass: strength of the second pass, as a share of the steps, so that its noise has
            about half to the whole standard deviation of the latents; 0: there is none.
    """

    name: str
    title: str
    side: int
    steps: int
    guidance_scale: float
    negative_guidance_scale: float = 0.0
    repository: str = ""
    pipeline: str = "diffusers:AutoPipelineForInpainting"
    lora: str = ""
    decoder: str = ""
    scheduler: Scheduler = "own"
    auto_on: tuple[str, ...] = ()
    gpu_format: Literal["float16", "bfloat16"] = "float16"
    least_memory: float = 0.0
    larger: "ScenePreset | None" = None
    family: str = ""
    converts: bool = False
    side_in_folder: bool = True
    parameters_in_folder: bool = False
    needs_safety_checker: bool = True
    margin: int = 0
    vocabulary: frozenset[str] | None = None
    second_pass: float = 0.0

    @property
    def role(self) -> str:
        """The name of its role among all models, and of the setting for its weights."""
        return "_".join(filter(None, ["scene", self.name, self.family]))

    @property
    def lora_role(self) -> str:
        """The role of its LoRA: one setting for all models of a family."""
        return "_".join(filter(None, [LORA_ROLE, self.family]))

    @property
    def ships(self) -> bool:
        """Whether its weights are part of the program."""
        return not self.repository

    def guidance(self, negative_prompt: str) -> float:
        """The scale of guidance where the user gives none."""
        return (negative_prompt and self.negative_guidance_scale) or self.guidance_scale

    def unknown_words(self, prompt: str) -> list[str]:
        """Words of the prompt, in its order, that the vocabulary lacks; stop words are ignored."""
        if self.vocabulary is None:
            return []
        # Whole words without what follows their apostrophe, each once.
        words = dict.fromkeys(re.findall(r"(?<![^\W\d_]['’])\b[^\W\d_]+", prompt.lower()))
        return [word for word in words if word not in self.vocabulary and word not in STOP_WORDS]


# Role and setting of the LoRA of Stable Diffusion 1.5; another family's name follows it.
LORA_ROLE = "scene_lora"
STABLE_DIFFUSION = "stable-diffusion-v1-5/stable-diffusion-inpainting"
STABLE_DIFFUSION_XL = "diffusers/stable-diffusion-xl-1.0-inpainting-0.1"
PRESETS: dict[str, ScenePreset] = {}
# Allowed values of the option ``preset`` with titles; :func:`add_preset` extends both.
CHOICES: dict[str, str] = {AUTO: "Automatic"}


def add_preset(preset: ScenePreset) -> None:
    """Add a row to the table, or replace the one of that name."""
    PRESETS[preset.name] = preset
    CHOICES[preset.name] = preset.title


def models_of_presets() -> list[ScenePreset]:
    """The rows of the table, each followed by its larger model."""
    return [row for preset in PRESETS.values() for row in (preset, preset.larger) if row]


# The models' folders hold the sides of the full models and all parameters of the starter: the
# values here hold until a model is loaded.
add_preset(
    ScenePreset(
        "starter",
        "Starter (small, quick)",
        side=256,
        steps=12,
        guidance_scale=4.5,
        parameters_in_folder=True,
        # Trained on scenes without people: there is nothing for a safety checker to find.
        needs_safety_checker=False,
    )
)
# The cards of the LCM-LoRAs ask for 2 to 8 steps and guidance from 1 to 2.
_FAST = ScenePreset(
    "fast",
    "Fast (Stable Diffusion, few steps)",
    side=512,
    steps=4,
    guidance_scale=1.0,
    negative_guidance_scale=1.5,
    repository=STABLE_DIFFUSION,
    lora="latent-consistency/lcm-lora-sdv1-5",
    decoder="madebyollin/taesd",
    converts=True,
    scheduler="lcm",
    auto_on=("cpu", "mps"),
    second_pass=0.35,
)
_QUALITY = ScenePreset(
    "quality",
    "Quality (Stable Diffusion, GPU)",
    side=512,
    steps=25,
    guidance_scale=7.5,
    repository=STABLE_DIFFUSION,
    scheduler="dpmsolver++",
    auto_on=("cuda",),
    second_pass=0.4,
)
_XL: dict[str, Any] = {
    "family": "sdxl",
    "repository": STABLE_DIFFUSION_XL,
    "side": 1024,
    "least_memory": 12.0,
}
_FAST_XL = replace(_FAST, steps=6, lora="latent-consistency/lcm-lora-sdxl", decoder="", **_XL)
add_preset(replace(_FAST, larger=_FAST_XL))
add_preset(
    replace(
        _FAST,
        name="draft",
        title="Draft (Stable Diffusion, small and quick)",
        side=384,
        side_in_folder=False,
        auto_on=(),
        second_pass=0.0,
    )
)
add_preset(replace(_QUALITY, larger=replace(_QUALITY, **_XL)))
add_preset(
    ScenePreset(
        "modern",
        "Modern (Z-Image Turbo, large GPU)",
        side=1024,
        steps=8,
        # Distilled: its card asks for no guidance.
        guidance_scale=1.0,
        negative_guidance_scale=1.5,
        repository="Tongyi-MAI/Z-Image-Turbo",
        gpu_format="bfloat16",
        # Its largest part, the transformer, takes 12.3 GB; the parts take turns on the GPU.
        least_memory=16.0,
        side_in_folder=False,
        second_pass=0.2,
    )
)
# Steps, guidance and scheduler are those of the authors' example.
add_preset(
    ScenePreset(
        "careful",
        "Careful (trained not to enlarge people, GPU)",
        side=512,
        steps=20,
        guidance_scale=7.5,
        repository="yahoo-inc/photo-background-generation",
        pipeline="bgswap.backgrounds.diffusion.salient:SalientControlPipeline",
        # Its weights take 3.3 GB in halves.
        least_memory=6.0,
    )
)
