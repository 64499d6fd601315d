"""The whole way from a photo to a picture, one named step a line."""

import logging
import threading
import unicodedata
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bgswap.backgrounds.search import Tried, finished, tried
from bgswap.errors import BadInput, BgSwapError
from bgswap.io.images import open_photo
from bgswap.mask_ops import union
from bgswap.models import WeightStore
from bgswap.models.manager import ModelShelf
from bgswap.option import check_text
from bgswap.options import SwapOptions
from bgswap.report import Report, judgement
from bgswap.selection import Choice, chosen
from bgswap.settings import Settings
from bgswap.types import Person, ProgressCallback, SwapResult

if TYPE_CHECKING:
    from bgswap.backgrounds.diffusion.generator import Scenes

log = logging.getLogger(__name__)

Photo = str | Path | np.ndarray
# Letters and symbols of Unicode that are drawn as nothing: Hangul fillers, the blank of Braille.
FILLERS = "\u115f\u1160\u3164\uffa0\u2800"


class BackgroundSwapper:
    """Finds people and puts them into new scenes. Safe to share between threads.

    Args:
        shelf: the models.
    """

    def __init__(self, shelf: ModelShelf) -> None:
        self.shelf = shelf

    @classmethod
    def from_settings(
        cls, settings: Settings | None = None, wait: bool = True
    ) -> "BackgroundSwapper":
        """A swapper that has loaded nothing yet.

        Args:
            settings: as the environment has them where None.
            wait: for a full model's download; else the starter serves until it is there.
        """
        settings = settings or Settings.from_env()
        return cls(ModelShelf(settings, WeightStore(settings, wait=wait)))

    def start(self) -> threading.Thread:
        """Fetch and load, in the background, what the first photo will need."""
        thread = threading.Thread(target=self._warm_up, name="bgswap-warm-up", daemon=True)
        thread.start()
        return thread

    def _warm_up(self) -> None:
        from bgswap.compositing import blend

        try:
            self.shelf.warm_up()
        except BgSwapError as error:
            log.warning("not warmed up: %s", error)
        blend.warm_up()

    def status(self) -> list[str]:
        """Which models serve, and what is under way: honest lines for a page."""
        return self.shelf.status()

    def find_people(self, photo: Photo) -> list[Person]:
        """Everyone in the photo, numbered from left to right, with refined masks.

        Args:
            photo: a path, or (H, W, 3) uint8 RGB.

        Raises:
            BadInput: it is no photo that can be used.
            NoPersonDetected: nobody is there.
        """
        return self.list_people(photo)[0]

    def list_people(self, photo: Photo) -> tuple[list[Person], dict[str, Any]]:
        """As :meth:`find_people`, with the details that ``--list`` and ``/find_people`` show."""
        report, picture = Report(), open_photo(photo)
        self.shelf.ask_for(None)
        found = self._find(report, picture)
        return found, report.details(picture, found)

    def matte(
        self, photo: Photo, people: Sequence[Person], others: Sequence[Person] = ()
    ) -> np.ndarray:
        """The alpha of all ``people`` together, (H, W) float32 in [0, 1].

        Args:
            photo: the one they were found in.
            people: who is kept.
            others: who was found and goes: none of their pixels is kept.

        Raises:
            BadInput: nobody is given, or they are of another photo.
        """
        picture = open_photo(photo)
        if not people:
            raise BadInput("matte needs at least one person")
        if any(p.size != picture.shape[:2] for p in (*people, *others)):
            raise BadInput("the people were found in a photo of another size")
        matter, everyone = self.shelf.matter().model, (*people, *others)
        alpha = np.zeros(picture.shape[:2], np.float32)
        for person in people:
            rest = union((p for p in everyone if p is not person), picture.shape[:2])
            alpha += matter.matte(picture, person.mask, rest)
        # In the 256 levels that a file holds, so that opaque there is opaque here, to the pixel.
        return np.rint(alpha.clip(0, 1) * 255) / np.float32(255)

    def swap(
        self,
        photo: Photo,
        prompt: str,
        people: Choice = "all",
        options: SwapOptions | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> SwapResult:
        """Replace everything but the kept people by the scene that the prompt describes.

        Args:
            photo: a path, or (H, W, 3) uint8 RGB.
            prompt: the scene in words.
            people: ``"all"`` or the numbers of those who stay.
            options: see :class:`SwapOptions`.
            on_progress: told of each step; raises :class:`Stopped` to end the work.

        Raises:
            BadInput: photo, prompt or people cannot be used.
            NoPersonDetected: nobody is in the photo.
            SceneRejected: the safety checker refused every scene.
            ModelUnavailable: a full model was demanded and cannot be had.
            Stopped: the callback said so.
        """
        options = options or SwapOptions()
        check_prompt(prompt)
        report, picture = Report(on_progress), open_photo(photo)
        self.shelf.ask_for(options.preset)
        found = self._find(report, picture)
        kept = chosen(found, people)
        with report.stage("matte"):
            alpha = self.matte(picture, kept, [p for p in found if p not in kept])
        scenes = self._scenes(report, picture, alpha, prompt, options)
        with report.stage("finish"):
            best = scenes.drafts[: options.variations]
            enhance = partial(self._enhanced, report, kept, options.enhance_faces)
            candidates, cutout = finished(picture, alpha, kept, best, options, enhance)
        details = report.details(picture, found) | {
            "kept": [p.number for p in kept],
            "prompt": prompt,
            "seed": candidates[0].seed,
            "candidates": [judgement(c) for c in scenes.drafts],
            "retries": scenes.retries,
        }
        return SwapResult(candidates[0].image, cutout, details, report.notes, candidates)

    def _find(self, report: Report, picture: np.ndarray) -> list[Person]:
        with report.stage("find"):
            report.used("people", self.shelf.detector())
            report.used("mask_autoencoder", self.shelf.refiner())
            report.used("matting", self.shelf.matter())
            return self.shelf.finder().find(picture)

    def _scenes(
        self,
        report: Report,
        picture: np.ndarray,
        alpha: np.ndarray,
        prompt: str,
        options: SwapOptions,
    ) -> Tried:
        """Backgrounds at model resolution, judged; more than asked for where those are not good."""
        with report.stage("scene"):
            generator = report.used("scene", self.shelf.scene(options.preset))

            def paint(seeds: list[int]) -> "Scenes":
                report.more()
                scenes = generator.generate(
                    picture,
                    alpha,
                    prompt,
                    negative_prompt=options.negative_prompt,
                    seeds=seeds,
                    steps=options.steps,
                    guidance_scale=options.guidance_scale,
                    on_step=report.step,
                )
                report.note(*generator.notes, *scenes.notes)
                return scenes

            scenes = tried(picture, alpha, options, paint, self.shelf.finder().find)
            unknown = _unknown(generator.unknown_words(prompt))
            report.note(*_wordless(prompt), *unknown, *_shortcoming(scenes))
            return scenes

    def _enhanced(
        self, report: Report, kept: list[Person], strength: float, image: np.ndarray
    ) -> np.ndarray:
        faces = report.used("face_vae", self.shelf.faces())
        image, notes = faces.enhance(image, [p.mask for p in kept], strength)
        report.note(*notes)
        return image


def check_prompt(prompt: Any) -> None:
    """Refuse a prompt that describes nothing.

    Raises:
        BadInput: it is no text, empty, or too long.
    """
    check_text("prompt", prompt)
    if not any(_visible(character) for character in prompt):
        raise BadInput("Describe the scene in a few words")


def _visible(character: str) -> bool:
    """Whether a character shows: no space, no control or zero-width character, no filler."""
    return unicodedata.category(character)[0] not in "CZM" and character not in FILLERS


def _wordless(prompt: str) -> list[str]:
    if any(character.isalpha() for character in prompt):
        return []
    return ["The prompt holds no words: the scene was left to chance"]


def _unknown(words: Sequence[str]) -> list[str]:
    return [f"The starter scene model does not know: {', '.join(words)}"] if words else []


def _shortcoming(scenes: Tried) -> list[str]:
    if scenes.good:
        return []
    number = len(scenes.drafts)
    found = "The scene" if number == 1 else f"Even the best of {number} scenes"
    return [f"{found} may show somebody extra, or people larger than they are: try other words"]
