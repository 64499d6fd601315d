"""Models, notes and times of one call: the content of the details that a user sees."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bgswap.types import Background, Cutout, Person, Picture, Progress, ProgressCallback, SwapResult

if TYPE_CHECKING:
    from bgswap.models.manager import Loaded


class Report:
    """Collects models, notes and times while a call runs.

    Args:
        on_progress: called with the progress; may raise :class:`Stopped`.
    """

    def __init__(self, on_progress: ProgressCallback | None = None) -> None:
        self.notes: list[str] = []
        self.models: dict[str, dict[str, str]] = {}
        self.seconds: dict[str, float] = {}
        # Further keys of the details, added by a verb.
        self.facts: dict[str, Any] = {}
        self._stage = ""
        self._before = self._done = 0
        self._tell = on_progress or (lambda progress: None)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the ``with`` block as a stage; the times of stages of one name add up."""
        self._stage = name
        self._before = self._done = 0
        self._tell(Progress(name))
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0) + time.perf_counter() - start

    def step(self, step: int, steps: int, preview: np.ndarray | None = None) -> None:
        """Report a step of the current stage; after :meth:`extend_stage` the counts add up."""
        self._done = self._before + step
        self._tell(Progress(self._stage, self._done, self._before + steps, preview))

    def extend_stage(self) -> None:
        """Count the steps that follow on top of those that the current stage has done."""
        self._before = self._done

    def used(self, role: str, loaded: "Loaded[Any]") -> Any:
        """Record a model and, where a fallback was loaded, why; returns the model."""
        weights = loaded.weights
        used = {"weights": weights.name, "kind": weights.kind, "license": weights.license}
        self.models[role] = used
        if loaded.note:
            used["note"] = loaded.note
            self.note(loaded.note)
        return loaded.model

    def note(self, *texts: str) -> None:
        """Add notes, without duplicates."""
        self.notes += [text for text in dict.fromkeys(texts) if text not in self.notes]

    def details(self, photo: np.ndarray, found: Sequence[Person]) -> dict[str, Any]:
        """Everything recorded so far, as a JSON object."""
        return {
            "people": [_person(p) for p in found],
            "models": self.models,
            "seconds": {stage: round(s, 2) for stage, s in self.seconds.items()},
            "size": [photo.shape[1], photo.shape[0]],
            "notes": self.notes,
        } | self.facts

    def result(self, cutout: Cutout, pictures: Sequence[Picture]) -> SwapResult:
        """The result of a swap.

        Args:
            cutout: the kept people.
            pictures: best first.
        """
        best = pictures[0].image
        no_scene = {"prompt": "", "candidates": [], "retries": 0}
        details = (
            no_scene
            | self.details(cutout.photo, cutout.people)
            | {
                "photo_size": [cutout.photo.shape[1], cutout.photo.shape[0]],
                "kept": [person.number for person in cutout.kept],
                "seed": pictures[0].seed,
                "background": pictures[0].background.source,
                "size": [best.shape[1], best.shape[0]],
            }
        )
        known = cutout if cutout.models else replace(cutout, models=self._cutout_models())
        return SwapResult(best, cutout.rgba, details, self.notes, list(pictures), known)

    def _cutout_models(self) -> dict[str, dict[str, str]]:
        """The models that found and cut out the people."""
        later = ("scene", "face_finder", "face_vae")
        return {role: used for role, used in self.models.items() if role not in later}


def candidate_details(background: Background) -> dict[str, Any]:
    """The entry of a candidate background in the details."""
    return {
        "seed": background.seed,
        "expansion": None if background.expansion is None else round(background.expansion, 5),
        "extra_people": background.extra_people,
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "number": person.number,
        "box": [round(v) for v in person.box],
        "confidence": round(person.confidence, 3),
        "area": round(person.area, 4),
    }
