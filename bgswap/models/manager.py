"""Every model loads once, when it is first needed, and changes over when a better one arrives."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bgswap.errors import BgSwapError, ModelUnavailable
from bgswap.models.registry import LOADERS, make, resolve
from bgswap.models.roles import STARTER, Role, Weights, model_roles
from bgswap.models.store import WeightStore
from bgswap.models.weight_values import check_values
from bgswap.presets import AUTO, LORA_ROLE, PRESETS, ScenePreset
from bgswap.settings import Settings, give_libraries_room

if TYPE_CHECKING:
    from bgswap.backgrounds.diffusion.generator import SceneGenerator
    from bgswap.detection.base import Detector
    from bgswap.detection.finder import PeopleFinder
    from bgswap.detection.mask_autoencoder import MaskRefiner
    from bgswap.faces.base import FaceRestorer
    from bgswap.matting.base import Matter

log = logging.getLogger(__name__)
Model = TypeVar("Model")


@dataclass(frozen=True, eq=False)
class Loaded(Generic[Model]):
    """A model that is ready.

    Attributes:
        model: what the loader gave.
        weights: where it came from.
        note: why it is less than was asked; empty where it is not.
    """

    model: Model
    weights: Weights
    note: str = ""


class ModelManager:
    """The models of one process. Safe to share between threads.

    Args:
        settings: which models, on which device.
        store: where their weights come from.
    """

    def __init__(self, settings: Settings, store: WeightStore) -> None:
        give_libraries_room(settings.cache)
        self.settings = settings
        self.store = store
        self._loaded: dict[Role, Loaded[Any]] = {}
        self._locks: dict[Role, threading.Lock] = {}
        self._asked: set[Role] = set()
        self._guard = threading.Lock()

    def detector(self) -> "Loaded[Detector]":
        """What finds people."""
        return self._get("person_detector", self._network("person_detector"))

    def refiner(self) -> "Loaded[MaskRefiner]":
        """What cleans rough masks: the mask autoencoder."""
        return self._get("mask_autoencoder", self._network("mask_autoencoder"))

    def matter(self) -> "Loaded[Matter]":
        """What draws alphas."""
        return self._get("matting", self._network("matting"))

    def faces(self) -> "Loaded[FaceRestorer]":
        """What restores faces."""
        return self._get("face_vae", self._network("face_vae"))

    def finder(self) -> "PeopleFinder":
        """Detector, mask autoencoder and, where it judges people, the matter, as one."""
        refine, least = self.refiner().model.refine, self.settings.person_threshold
        make_finder = resolve(LOADERS["finder"])
        return make_finder(self.detector().model, refine, self.matter().model, least)

    def warm_up(self) -> None:
        """Begin to fetch the full models; load and compile what a first photo needs."""
        try:
            self.ask_for(AUTO)
            self.finder()
            self.scene()
        except BgSwapError as error:
            log.warning("not warmed up: %s", error)
        resolve("bgswap.matting.foreground:warm_up")()

    def scene(self, preset: str = AUTO) -> "Loaded[SceneGenerator]":
        """The scene model of a preset; the one that ships where that cannot be had.

        Raises:
            ModelUnavailable: BGSWAP_MODELS is ``full`` and the preset's model cannot be had.
        """
        row = self._row(preset)
        try:
            return self._scene(row)
        except ModelUnavailable as error:
            if row.ships or self.settings.models == "full":
                raise
            return replace(self._scene(_shipped()), note=f"{error}; the starter made the scene")

    def unknown_words(self, prompt: str, preset: str = AUTO) -> list[str]:
        """Words that the scene model of a preset, as it serves now, does not know; loads nothing.

        Args:
            prompt: the scene in words.
            preset: of the scene.
        """
        row = self._row(preset)
        ready = {status.role for status in self.store.status() if status.state == "ready"}
        if row.role in ready:
            return []
        return _shipped_words().unknown_words(prompt)

    def ask_for(self, preset: str | None) -> None:
        """Begin to fetch, all at once, the full models that a call will use.

        Asked one after the other, every host that is silent would be waited for anew.

        Args:
            preset: of the scene; None where only people are looked for.
        """
        wanted: list[Role] = ["person_detector", "mask_autoencoder", "matting"]
        if preset is not None:
            row = self._row(preset)
            wanted += [row.role, LORA_ROLE] if row.lora else [row.role]
            wanted.append("face_vae")
        with self._guard:
            new = [role for role in wanted if role not in self._asked]
            self._asked.update(new)
        self.store.start_downloads(new)

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

    def _row(self, preset: str) -> ScenePreset:
        if preset != AUTO:
            return PRESETS[preset]
        if self.settings.models == "starter":
            return _shipped()
        return next(row for row in PRESETS.values() if self.device in row.auto_on)

    def _scene(self, row: ScenePreset) -> "Loaded[SceneGenerator]":
        if not row.ships and self.settings.models == "starter":
            raise ModelUnavailable(f"The preset {row.name} needs a full model")
        lora: Path | None = self.store.get(LORA_ROLE).path if row.lora else None

        def load(weights: Weights) -> "SceneGenerator":
            if not row.ships:
                self._forget_full_scenes()
            if lora is not None:
                check_values(lora)
            return resolve(LOADERS["scene"])(row, weights.path, self.device, lora)

        return self._get(row.role, load)

    def _forget_full_scenes(self) -> None:
        # Two full pipelines at once would not fit the memory of a small machine.
        full = {row.role for row in PRESETS.values() if not row.ships}
        with self._guard:
            for role in full & self._loaded.keys():
                del self._loaded[role]

    def _network(self, role: Role) -> Callable[[Weights], Any]:
        return lambda weights: resolve(LOADERS[role])(weights.path, self.device)

    def _get(self, role: Role, load: Callable[[Weights], Any]) -> Loaded[Any]:
        with self._guard:
            lock = self._locks.setdefault(role, threading.Lock())
        with lock:
            weights = self.store.get(role)
            known = self._loaded.get(role)
            if known is not None and known.weights.path == weights.path:
                return replace(known, weights=weights, note=weights.note)
            self._loaded[role] = loaded = self._fresh(role, weights, load)
            log.info("%s: %s (%s)", role, loaded.weights.name, loaded.weights.kind)
            return loaded

    def _fresh(self, role: Role, weights: Weights, load: Callable[[Weights], Any]) -> Loaded[Any]:
        """A model from its weights; from the starter's where the full model's do not work."""
        if weights.kind == "registered":
            return Loaded(make(role, weights.name, self.device), weights)
        try:
            if weights.kind == "full" and weights.path.is_dir():
                check_values(weights.path)
            model = load(weights)
            if weights.kind == "full":
                # One pass over a small input: does it run, and are its answers finite?
                model.check()
        # Whatever a file that is not ours makes a library raise, the file is to blame.
        except Exception as error:
            if weights.kind == "starter":
                raise ModelUnavailable(f"The {role} weights cannot be loaded") from error
            log.warning("%s does not work with %s", role, weights.name, exc_info=True)
            title = model_roles()[role].title.lower()
            self.store.reject(role, f"it does not work as a {title}")
            return self._fresh(role, self.store.get(role), load)
        return Loaded(model, weights, weights.note)


def _shipped() -> ScenePreset:
    return next(row for row in PRESETS.values() if row.ships)


@cache
def _shipped_words() -> ScenePreset:
    """The starter with its vocabulary."""
    row = _shipped()
    return resolve("bgswap.backgrounds.diffusion.loading:read_figures")(row, STARTER / "scene")
