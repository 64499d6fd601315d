"""Every model loads once, when it is first needed, and changes over when a better one arrives."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bgswap.errors import ModelUnavailable
from bgswap.models import Role, Weights, WeightStore, smoke
from bgswap.models.roles import TITLES
from bgswap.models.weight_values import check_values
from bgswap.settings import Settings, give_libraries_room
from bgswap.types import Preset

if TYPE_CHECKING:
    from bgswap.backgrounds.diffusion.generator import SceneGenerator
    from bgswap.detection.finder import PeopleFinder
    from bgswap.detection.mask_autoencoder import MaskRefiner
    from bgswap.detection.yolo import YoloDetector
    from bgswap.faces.enhancer import FaceEnhancer
    from bgswap.matting.network import NetworkMatter

log = logging.getLogger(__name__)

SCENE_ROLES: dict[Preset, tuple[Role, ...]] = {
    "starter": ("scene_starter",),
    "fast": ("scene_fast", "scene_lora"),
    "quality": ("scene_quality",),
}


@dataclass(frozen=True, eq=False)
class Loaded:
    """A model that is ready.

    Attributes:
        model: what the loader gave.
        weights: where it came from.
        note: why it is less than was asked; empty where it is not.
    """

    model: Any
    weights: Weights
    note: str = ""


class ModelShelf:
    """The models of one process. Safe to share between threads.

    Args:
        settings: which models, on which device.
        store: where their weights come from.
    """

    def __init__(self, settings: Settings, store: WeightStore) -> None:
        give_libraries_room(settings.cache)
        self.settings = settings
        self.store = store
        self._loaded: dict[str, Loaded] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._asked: set[Role] = set()
        self._guard = threading.Lock()

    def detector(self) -> "Loaded":
        """The :class:`YoloDetector`."""

        def load(weights: Weights) -> "YoloDetector":
            from bgswap.detection.yolo import YoloDetector

            return YoloDetector.load(weights.path, device=self.device)

        return self._get("person_detector", load, smoke.try_detector)

    def refiner(self) -> "Loaded":
        """The :class:`MaskRefiner`."""

        def load(weights: Weights) -> "MaskRefiner":
            from bgswap.detection.mask_autoencoder import MaskRefiner

            return MaskRefiner.from_folder(weights.path, self.device)

        return self._get("mask_autoencoder", load, smoke.try_refiner)

    def matter(self) -> "Loaded":
        """The :class:`NetworkMatter`."""

        def load(weights: Weights) -> "NetworkMatter":
            from bgswap.matting.network import NetworkMatter

            return NetworkMatter.from_folder(weights.path, self.device)

        return self._get("matting", load, smoke.try_matter)

    def finder(self) -> "PeopleFinder":
        """The detector and the matting network as one that finds people."""
        from bgswap.detection.finder import FinderConfig, PeopleFinder

        matter, least = self.matter().model, self.settings.person_threshold
        found = matter.calibration
        config = FinderConfig(least or found.threshold, found.score_weight)
        refine = self.refiner().model.refine
        return PeopleFinder(self.detector().model, matter.alphas, config, refine)

    def faces(self) -> "Loaded":
        """The :class:`FaceEnhancer`."""

        def load(weights: Weights) -> "FaceEnhancer":
            from bgswap.faces.enhancer import FaceEnhancer

            return FaceEnhancer.from_folder(weights.path, self.device)

        return self._get("face_vae", load, smoke.try_faces)

    def scene(self, preset: Preset = "auto") -> "Loaded":
        """The :class:`SceneGenerator` of a preset; the starter's where its model is not to be had.

        Raises:
            ModelUnavailable: BGSWAP_MODELS is ``full`` and the preset's model is not to be had.
        """
        preset = self._settled(preset)
        if preset == "starter":
            return self._starter_scene()
        try:
            return self._full_scene(preset)
        except ModelUnavailable as error:
            if self.settings.models == "full":
                raise
            return replace(self._starter_scene(), note=f"{error}; the starter made the scene")

    def ask_for(self, preset: Preset | None) -> None:
        """Begin to fetch, all at once, the full models that a call will use.

        Asked one after the other, every host that is silent would be waited for anew.

        Args:
            preset: of the scene; None where only people are looked for.
        """
        wanted: list[Role] = ["person_detector", "mask_autoencoder", "matting"]
        if preset is not None:
            wanted += SCENE_ROLES[self._settled(preset)]
        with self._guard:
            new = [role for role in wanted if role not in self._asked]
            self._asked.update(new)
        self.store.start_downloads(new)

    def _settled(self, preset: Preset) -> Preset:
        if preset != "auto":
            return preset
        if self.settings.models == "starter":
            return "starter"
        return "quality" if self.device == "cuda" else "fast"

    def _starter_scene(self) -> Loaded:
        from bgswap.backgrounds.diffusion.generator import SceneGenerator
        from bgswap.backgrounds.diffusion.presets import PRESETS

        def load(weights: Weights) -> "SceneGenerator":
            return SceneGenerator.load(PRESETS["starter"], weights.path, self.device)

        return self._get("scene_starter", load, smoke.try_scene)

    def _full_scene(self, preset: str) -> Loaded:
        from bgswap.backgrounds.diffusion.generator import SceneGenerator
        from bgswap.backgrounds.diffusion.presets import PRESETS

        chosen = PRESETS[preset]
        if self.settings.models == "starter":
            raise ModelUnavailable(f"The preset {preset} needs a full model")
        lora: Path | None = self.store.get("scene_lora").path if chosen.lora else None

        def load(weights: Weights) -> "SceneGenerator":
            with self._guard:
                # Two full pipelines at once would not fit the memory of a small machine.
                for other in [k for k in self._loaded if k in ("scene_fast", "scene_quality")]:
                    del self._loaded[other]
            if lora is not None:
                check_values(lora)
            return SceneGenerator.load(chosen, weights.path, self.device, lora)

        return self._get(SCENE_ROLES[preset][0], load, smoke.try_scene)

    def warm_up(self) -> None:
        """Begin to fetch the full models, and load what a first photo needs.

        Raises:
            ModelUnavailable: as the models' own methods.
        """
        self.ask_for("auto")
        for load in (self.finder, self.scene):
            load()

    def status(self) -> list[str]:
        """What serves each part now, and what is on its way, a line each."""
        with self._guard:
            loaded = dict(self._loaded)
        lines = [f"{role}: {have.weights.name}" for role, have in loaded.items()]
        under_way = (s for s in self.store.status() if s.state in ("downloading", "failed"))
        return lines + [s.message for s in under_way]

    @property
    def device(self) -> str:
        """Where models run: ``cpu``, ``cuda`` or ``mps``."""
        if self.settings.device != "auto":
            return self.settings.device
        import torch

        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"

    def _get(
        self, role: Role, load: Callable[[Weights], Any], check: Callable[[Any], None]
    ) -> Loaded:
        with self._guard:
            lock = self._locks.setdefault(role, threading.Lock())
        with lock:
            weights = self.store.get(role)
            known = self._loaded.get(role)
            if known is not None and known.weights.path == weights.path:
                return replace(known, weights=weights, note=weights.note)
            self._loaded[role] = loaded = self._fresh(role, weights, load, check)
            log.info("%s: %s (%s)", role, loaded.weights.name, loaded.weights.kind)
            return loaded

    def _fresh(
        self,
        role: Role,
        weights: Weights,
        load: Callable[[Weights], Any],
        check: Callable[[Any], None],
    ) -> Loaded:
        """A model from its weights; from the starter's where the full model's do not work."""
        try:
            if weights.kind == "full" and weights.path.is_dir():
                check_values(weights.path)
            model = load(weights)
            if weights.kind == "full":
                check(model)
        # Whatever a file that is not ours makes a library raise, the file is to blame.
        except Exception as error:
            if weights.kind == "starter":
                raise ModelUnavailable(f"The {role} weights cannot be loaded") from error
            log.warning("%s does not work with %s", role, weights.name, exc_info=True)
            self.store.reject(role, f"it does not work as a {TITLES[role].lower()}")
            return self._fresh(role, self.store.get(role), load, check)
        return Loaded(model, weights, weights.note)
