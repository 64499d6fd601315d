"""New scenes around the kept people, painted by a diffusers inpainting pipeline."""

import functools
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bgswap.backgrounds.diffusion import Pipeline, traits
from bgswap.backgrounds.diffusion.canvas import crop, fit_canvas, place
from bgswap.backgrounds.diffusion.canvas_inputs import canvas_inputs, check_arrays, picture_inputs
from bgswap.backgrounds.diffusion.loading import NO_PARTS, load_pipeline, read_parameters
from bgswap.backgrounds.diffusion.preview import LatentPreview
from bgswap.backgrounds.diffusion.reuse import reuse_encodings
from bgswap.backgrounds.diffusion.safety import SafetyChecker
from bgswap.backgrounds.diffusion.sampling import Sampling
from bgswap.backgrounds.diffusion.scenes import Scenes
from bgswap.backgrounds.diffusion.second_pass import SecondPass, arguments, is_worth_it
from bgswap.backgrounds.diffusion.steps import AfterStep, StepCallback
from bgswap.errors import ModelUnavailable, SceneRejected
from bgswap.io.images import fit_within
from bgswap.io.tensors import tensor_to_images
from bgswap.mask_ops import resized
from bgswap.models import smoke
from bgswap.models.scene_parts import SceneParts
from bgswap.presets import ScenePreset

# Pixels: on still smaller canvases attention over a few tokens can hide what is not a number.
SMALLEST_CHECK = 64
REFUSED_DETAILS = "The safety checker refused details of the scene: parts of it are only enlarged"
REFUSED_SECOND_PASS = "The safety checker refused the second pass: the scene is shown without it"
# Pixels of the preview that stays during a second pass.
PREVIEW = 128**2


class SceneGenerator:
    """A loaded scene model. Calls from several threads wait for one another.

    Attributes:
        preset: how the model is run, with what its folder said.
        name: the preset's.
        notes: what this model lacks, in words.
    """

    def __init__(
        self,
        pipe: Pipeline,
        preset: ScenePreset,
        checker: SafetyChecker | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.pipe = pipe
        self.preset = preset
        self.checker = checker
        self.notes = list(notes)
        self._lock = threading.Lock()
        checked = checker is not None or getattr(pipe, "safety_checker", None) is not None
        if preset.needs_safety_checker and not checked:
            self.notes.append(f"The {preset.name} scene model has no safety checker")

    @classmethod
    def load(
        cls, preset: ScenePreset, folder: Path, device: str, parts: SceneParts = NO_PARTS
    ) -> "SceneGenerator":
        """Load a scene model from disk; nothing is fetched.

        Args:
            preset: a row of the presets' table.
            folder: a diffusers inpainting pipeline with safetensors weights; the starter's also
                holds ``starter.json``.
            device: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
            parts: LoRA, tiny autoencoder and safety checker.

        Raises:
            ModelUnavailable: something is missing or broken.
        """
        pipe = load_pipeline(preset, Path(folder), device, parts)
        reuse_encodings(pipe)
        checker = None if parts.safety is None else SafetyChecker.load(parts.safety)
        if preset.parameters_in_folder:
            return cls(pipe, read_parameters(preset, Path(folder)), checker, parts.notes)
        own = traits.own_side(pipe) if preset.side_in_folder else None
        return cls(pipe, replace(preset, side=own or preset.side), checker, parts.notes)

    def check(self) -> None:
        """Paint one scene in one step, far below the model's own size: on a CPU that takes seconds.

        Raises:
            Exception: the pipeline does not run, or its answer is not finite.
        """
        small = replace(self.preset, side=max(2 * self.multiple, SMALLEST_CHECK))
        with suppress(SceneRejected):
            SceneGenerator(self.pipe, small).generate(
                smoke.noise(),
                smoke.square(),
                "a forest",
                negative_prompt="",
                seeds=[0],
                steps=1,
                guidance_scale=None,
            )

    @property
    def name(self) -> str:
        """The preset's name."""
        return self.preset.name

    @property
    def multiple(self) -> int:
        """Pixels that both sides of a painted picture are multiples of."""
        return traits.multiple(self.pipe)

    def unknown_words(self, prompt: str) -> list[str]:
        """Words of the prompt that the vocabulary lacks; [] where there is no vocabulary."""
        return self.preset.unknown_words(prompt)

    def has_second_pass(self, photo: np.ndarray) -> bool:
        """Whether :meth:`sharpened` can be used: by some presets, on a GPU, for large photos."""
        on_gpu = self.pipe._execution_device.type != "cpu"
        return bool(self.preset.second_pass) and on_gpu and is_worth_it(photo, self.preset.side)

    def generate(
        self,
        photo: np.ndarray,
        alpha: np.ndarray,
        prompt: str,
        *,
        negative_prompt: str,
        seeds: Sequence[int],
        steps: int | None,
        guidance_scale: float | None,
        on_step: StepCallback | None = None,
    ) -> Scenes:
        """Paint one scene for each seed: everything but the kept people.

        A seed gives the same scene whatever the other seeds are: they are painted one by one,
        each from its own generator on the CPU.

        Args:
            photo: (H, W, 3) uint8 RGB.
            alpha: (H, W) float32 in [0, 1], 1 where the people are who stay.
            prompt: what the scene shows.
            negative_prompt: what it should not show; without a scale it turns guidance on.
            seeds: one for each scene, 0 to 2**32 - 1.
            steps: denoising steps; None leaves them to the preset.
            guidance_scale: classifier-free guidance; None leaves it to the preset.
            on_step: called after each step; may raise Stopped.

        Raises:
            BadInput: arrays that do not fit, or a photo longer than 16 times its breadth.
            SceneRejected: the safety checker refused every scene.
            Stopped: ``on_step`` raised it.
            ModelUnavailable: the model gives no numbers, as half precision does on some devices.
        """
        check_arrays(photo, alpha)
        (height, width), preset = photo.shape[:2], self.preset
        canvas = fit_canvas(height, width, preset.side, self.multiple, preset.margin)
        sampling = Sampling(prompt, negative_prompt, steps, guidance_scale)
        call = sampling.arguments(self.pipe, preset)
        call |= canvas_inputs(photo, alpha, canvas, preset.side)
        with self._lock:
            painted = []
            for number, seed in enumerate(seeds):
                teller = on_step and AfterStep(on_step, self._preview, canvas, number, len(seeds))
                painted.append((self._paint(call, seed, teller), seed))
            notes = sampling.shortfalls(self.pipe, preset)
        cropped = [(crop(image, canvas), seed) for image, seed in painted if image is not None]
        there = crop(place(alpha, canvas), canvas)
        kept = [(scene, seed) for scene, seed in cropped if not self._refuses(scene, there)]
        if not kept:
            raise SceneRejected(
                "The safety checker refused every scene: try other words or another seed"
            )
        if len(kept) < len(seeds):
            notes.append(f"The safety checker refused {len(seeds) - len(kept)} of the scenes")
        return Scenes([image for image, _ in kept], [seed for _, seed in kept], notes)

    def sharpened(
        self,
        photo: np.ndarray,
        alpha: np.ndarray,
        scene: np.ndarray,
        seed: int,
        sampling: Sampling,
        on_step: StepCallback | None = None,
    ) -> tuple[np.ndarray, list[str]]:
        """A scene of :meth:`generate` at up to twice its size, with details from a second pass.

        Args:
            photo, alpha, on_step: as for :meth:`generate`.
            scene: (h, w, 3) uint8 RGB.
            seed: of the first tile's noise; the others' count up from it.
            sampling: that of the first pass, of whose steps the second one makes a share.

        Returns:
            The scene, (H', W', 3) uint8 RGB, and notes; the given one where the safety checker
            refuses it.

        Raises:
            BadInput, Stopped, ModelUnavailable: as :meth:`generate`.
        """
        check_arrays(photo, alpha)
        call = arguments(sampling.arguments(self.pipe, self.preset), self.preset.second_pass)
        shown = fit_within(scene, pixels=PREVIEW)

        def repaint(
            tile: np.ndarray, mask: np.ndarray, number: int, count: int
        ) -> np.ndarray | None:
            teller = on_step and AfterStep(on_step, lambda: shown, None, number, count)
            return self._paint(call | picture_inputs(tile, mask), (seed + number) % 2**32, teller)

        second = SecondPass(photo, alpha, scene, self.preset.side, self.multiple)
        with self._lock:
            sharp, refused = second.run(repaint)
        if self._refuses(sharp, resized(alpha, sharp.shape[:2])):
            return scene, [REFUSED_SECOND_PASS]
        return sharp, [REFUSED_DETAILS] if refused else []

    def _paint(
        self, call: dict[str, Any], seed: int, after_step: AfterStep | None
    ) -> np.ndarray | None:
        output = self.pipe(
            **call,
            generator=torch.Generator().manual_seed(seed),
            output_type="pt",
            callback_on_step_end=after_step,
        )
        if after_step is not None and after_step.stopped is not None:
            raise after_step.stopped
        if any(getattr(output, "nsfw_content_detected", None) or []):
            return None
        if not torch.isfinite(output.images).all():
            raise ModelUnavailable(f"The {self.name} scene model gives no picture on this device")
        return tensor_to_images(output.images)[0]

    def _refuses(self, scene: np.ndarray, alpha: np.ndarray) -> bool:
        """Whether the safety checker refuses a scene (h, w, 3) behind people, alpha (h, w)."""
        return self.checker is not None and self.checker.refuses(scene, alpha)

    @functools.cached_property
    def _preview(self) -> LatentPreview | None:
        return LatentPreview(self.pipe) if traits.has_preview(self.pipe) else None
