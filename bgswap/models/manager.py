"""Loads each model on first use, and reloads it when the full weights become available."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bgswap.errors import BgSwapError, ModelUnavailable
from bgswap.models.registry import LOADERS, make, resolve
from bgswap.models.roles import Role, Weights, model_roles
from bgswap.models.scene_choice import (
    check_room,
    device_of,
    row_of,
    starter_preset,
    starter_vocabulary,
)
from bgswap.models.scene_parts import SceneParts, check_parts, find_parts, roles_of
from bgswap.models.store import WeightStore
from bgswap.models.weight_values import check_values
from bgswap.presets import AUTO, ScenePreset, models_of_presets
from bgswap.settings import Settings, set_library_caches

if TYPE_CHECKING:
    from bgswap.backgrounds.diffusion.generator import SceneGenerator
    from bgswap.detection.base import Detector
    from bgswap.detection.finder import PeopleFinder
    from bgswap.detection.mask_autoencoder import MaskRefiner
    from bgswap.detection.segmenter import Segmenter
    from bgswap.faces.base import FaceFinder, FaceRestorer
    from bgswap.matting.base import Matter

log = logging.getLogger(__name__)
Model = TypeVar("Model")


@dataclass(frozen=True, eq=False)
class Loaded(Generic[Model]):
    """A loaded model.

    Attributes:
        model: the loader's return value.
        weights: the weights it was loaded from.
        note: why a fallback was loaded; empty where none was.
        parts: of a scene model.
    """

    model: Model
    weights: Weights
    note: str = ""
    parts: SceneParts | None = None


class ModelManager:
    """The models of one process. Safe to share between threads.

    Args:
        settings: which models, on which device.
        store: where their weights come from.
    """

    def __init__(self, settings: Settings, store: WeightStore) -> None:
        set_library_caches(settings.cache)
        self.settings = settings
        self.store = store
        self._loaded: dict[Role, Loaded[Any]] = {}
        self._locks: dict[Role, threading.Lock] = {}
        self._requested: set[Role] = set()
        self._guard = threading.Lock()

    def detector(self) -> "Loaded[Detector]":
        """The person detector."""
        return self._get("person_detector", self._network("person_detector"))

    def refiner(self) -> "Loaded[MaskRefiner]":
        """The mask autoencoder, which cleans rough masks."""
        return self._get("mask_autoencoder", self._network("mask_autoencoder"))

    def matter(self) -> "Loaded[Matter]":
        """The matter, which computes alphas."""
        return self._get("matting", self._network("matting"))

    def face_finder(self) -> "Loaded[FaceFinder]":
        """The face finder, which detects the face of a person."""
        return self._get("face_finder", self._network("face_finder"))

    def faces(self) -> "Loaded[FaceRestorer]":
        """The face restorer, with the face finder."""

        def load(weights: Weights) -> "FaceRestorer":
            loader = resolve(LOADERS["face_vae"])
            return loader(weights.path, self.device, self.face_finder().model)

        return self._get("face_vae", load)

    def segmenter(self) -> "Loaded[Segmenter] | None":
        """What segments an object at a point; None where its weights are not at hand."""
        try:
            return self._get("segmenter", self._network("segmenter"))
        except ModelUnavailable:
            return None

    def finder(self) -> "PeopleFinder":
        """Detector, mask autoencoder and, where it scores candidates, the matter, combined."""
        refine, least = self.refiner().model.refine, self.settings.person_threshold
        make_finder = resolve(LOADERS["finder"])
        return make_finder(self.detector().model, refine, self.matter().model, least)

    def warm_up(self) -> None:
        """Start the downloads of full models; load and compile what the first photo needs."""
        try:
            self.request_downloads(AUTO)
            self.finder()
            self.scene()
        except BgSwapError as error:
            log.warning("not warmed up: %s", error)
        resolve("bgswap.matting.foreground:warm_up")()

    def scene(self, preset: str = AUTO) -> "Loaded[SceneGenerator]":
        """The scene model of a preset; the starter where that is not available.

        Raises:
            ModelUnavailable: BGSWAP_MODELS is ``full`` and the preset's model is not available.
        """
        row = row_of(preset, self.settings)
        try:
            return self._scene(row)
        except ModelUnavailable as error:
            if row.ships or self.settings.models == "full":
                raise
            return replace(
                self._scene(starter_preset()), note=f"{error}; the starter made the scene"
            )

    def unknown_words(self, prompt: str, preset: str = AUTO) -> list[str]:
        """Words that the scene model now used for a preset does not know; loads no model.

        Args:
            prompt: the scene in words.
            preset: of the scene.
        """
        row = row_of(preset, self.settings)
        ready = {status.role for status in self.store.status() if status.state == "ready"}
        if row.role in ready:
            return []
        return starter_vocabulary().unknown_words(prompt)

    def request_downloads(self, preset: str | None) -> None:
        """Start all downloads of full models that a call will need, in parallel.

        One after the other, each unreachable host would cost another timeout.

        Args:
            preset: of the scene; None where no scene is generated.
        """
        wanted: list[Role] = ["person_detector", "mask_autoencoder", "matting"]
        if preset is not None:
            row = row_of(preset, self.settings)
            wanted += [row.role, *roles_of(row, self.device), "face_finder", "face_vae"]
        with self._guard:
            new = [role for role in wanted if role not in self._requested]
            self._requested.update(new)
        self.store.start_downloads(new)

    def status(self) -> list[str]:
        """The weights in use, with their licenses, and the downloads in progress, a line each."""
        with self._guard:
            used = {role: loaded.weights for role, loaded in self._loaded.items()}
        lines = [
            f"{role}: {weights.name} (license {weights.license})" for role, weights in used.items()
        ]
        under_way = (s for s in self.store.status() if s.state in ("downloading", "failed"))
        return lines + [s.message for s in under_way]

    @property
    def device(self) -> str:
        """The device that models run on: ``cpu``, ``cuda`` or ``mps``."""
        return device_of(self.settings)

    def _scene(self, row: ScenePreset) -> "Loaded[SceneGenerator]":
        if not row.ships and self.settings.models == "starter":
            raise ModelUnavailable(f"The preset {row.name} needs a full model")
        check_room(row, self.settings)
        parts = find_parts(row, self.device, self.store)

        def load(weights: Weights) -> "SceneGenerator":
            if not row.ships:
                self._unload_full_scenes()
            usable = check_parts(parts, self.store)
            return resolve(LOADERS["scene"])(row, weights.path, self.device, usable)

        return self._get(row.role, load, parts)

    def _unload_full_scenes(self) -> None:
        # Two full pipelines would not fit into the memory of a small machine.
        full = {row.role for row in models_of_presets() if not row.ships}
        with self._guard:
            for role in full & self._loaded.keys():
                del self._loaded[role]

    def _network(self, role: Role) -> Callable[[Weights], Any]:
        return lambda weights: resolve(LOADERS[role])(weights.path, self.device)

    def _get(
        self, role: Role, load: Callable[[Weights], Any], parts: SceneParts | None = None
    ) -> Loaded[Any]:
        with self._guard:
            lock = self._locks.setdefault(role, threading.Lock())
        with lock:
            weights = self.store.get(role)
            known = self._loaded.get(role)
            if known is not None and (known.weights.path, known.parts) == (weights.path, parts):
                return replace(known, weights=weights, note=weights.note)
            self._loaded[role] = loaded = replace(self._load(role, weights, load), parts=parts)
            log.info("%s: %s (%s)", role, loaded.weights.name, loaded.weights.kind)
            return loaded

    def _load(self, role: Role, weights: Weights, load: Callable[[Weights], Any]) -> Loaded[Any]:
        """Load a model; the starter where the full weights do not work."""
        if weights.kind == "registered":
            return Loaded(make(role, weights.name, self.device), weights, weights.note)
        try:
            if weights.kind == "full" and weights.path.is_dir():
                check_values(weights.path)
            model = load(weights)
            if weights.kind == "full":
                # One forward pass on a small input: does it run, is the output finite?
                model.check()
        # Foreign files can make libraries raise any exception.
        except Exception as error:
            if weights.kind == "starter":
                raise ModelUnavailable(f"The {role} weights cannot be loaded") from error
            log.warning("%s does not work with %s", role, weights.name, exc_info=True)
            title = model_roles()[role].title.lower()
            self.store.reject(role, f"it does not work as a {title}")
            return self._load(role, self.store.get(role), load)
        return Loaded(model, weights, weights.note)
