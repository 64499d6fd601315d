"""What page and endpoints run: one swapper, one upload folder, one way to run and stop work."""

from collections.abc import Generator, Sequence
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import numpy as np

from bgswap import (
    BackgroundSwapper,
    BadInput,
    Person,
    Progress,
    Settings,
    SwapOptions,
    SwapResult,
)
from bgswap.io import encoding, images
from bgswap.models.preparation import prepare_beside
from bgswap.selection import Choice
from bgswap.types import Cutout, Strokes
from bgswap.ui import gpu_tasks
from bgswap.ui.photo_cache import Known, PhotoCache
from bgswap.ui.saved import Saved, save_result
from bgswap.ui.sweeper import Sweeper
from bgswap.ui.thumbnails import cut_out
from bgswap.ui.zero_gpu import (
    FIND_SECONDS,
    ZERO_GPU,
    on_gpu,
    steps_of,
    swap_seconds,
    without_second_pass,
)


class SwapService:
    """Runs the swapper for page and endpoints; its files are in the folder that the sweeper cleans.

    Args:
        swapper: the core.
        cache: Gradio's upload folder.
        settings: how long and how much of it is kept.
    """

    PREFIX = "bgswap-"

    def __init__(
        self, swapper: BackgroundSwapper, cache: str | Path, settings: Settings | None = None
    ) -> None:
        settings = settings or Settings()
        self.swapper = swapper
        self.cache = Path(cache)
        self.most_steps = settings.most_steps
        self.sweeper = Sweeper(cache, settings.keep, settings.space * 1e9)
        self.recent = PhotoCache()
        self.warming: Thread | None = None
        # ZeroGPU lends its GPU to plain functions only, and wants to know them at start.
        self._list_people = on_gpu(gpu_tasks.listing(swapper), FIND_SECONDS)
        self._cut_out = on_gpu(gpu_tasks.cutting(swapper), FIND_SECONDS)
        self._search = on_gpu(gpu_tasks.searching(swapper), FIND_SECONDS)
        self._split = on_gpu(gpu_tasks.splitting(swapper), FIND_SECONDS)
        self._swap = on_gpu(gpu_tasks.swapping(swapper), swap_seconds)

    def start(self) -> Thread:
        """Begin to load models in the background."""
        self.warming = Thread(target=self._load, name="bgswap-warm-up", daemon=True)
        self.warming.start()
        return self.warming

    def _load(self) -> None:
        models = self.swapper.models
        models.warm_up()
        prepare_beside(models.settings, models.store)

    def folder(self) -> Path:
        """A new folder for the files of one request, under a name that cannot be guessed."""
        folder = self.cache / f"{self.PREFIX}{uuid4().hex}"
        folder.mkdir(mode=0o700, parents=True)
        return folder

    def stop_mark(self) -> Path:
        """A new path for :meth:`swapping` to look at; nothing is there yet."""
        self.cache.mkdir(parents=True, exist_ok=True)
        return self.cache / f"{self.PREFIX}{uuid4().hex}.stop"

    def people_in(self, photo: np.ndarray, stop: Path) -> tuple[list[Person], dict[str, Any]]:
        """Everyone in an (H, W, 3) uint8 RGB photo, and the details to show.

        Raises:
            NoPersonDetected: nobody is there.
            Stopped: a file appeared at ``stop``.
        """
        (answer,) = self._list_people(photo, stop)
        return answer

    def corrected(self, photo: Path, kept: Sequence[int], strokes: Strokes, stop: Path) -> Known:
        """Cut out who stays, with strokes; it is remembered, so that a swap need not do it again.

        Args:
            photo: the picture file.
            kept: numbers of those who stay; who is painted where nobody is stays too.
            strokes: what was painted so far.
            stop: as for :meth:`swapping`.

        Returns:
            The cut-out; the people alone where nobody stays.

        Raises:
            Stopped: a file appeared at ``stop``.
        """
        known, picture = self._opened(photo)
        (cut,) = self._cut_out(picture, kept, strokes, stop, known)
        self.recent.put(photo, cut)
        return cut

    def search(self, photo: Path, point: tuple[float, float], stop: Path) -> list[Person]:
        """Look for somebody at a point (x, y) of a photo: everyone, the new one last.

        Raises:
            Stopped: a file appeared at ``stop``.
        """
        known, picture = self._opened(photo)
        (people,) = self._search(picture, point, stop, known)
        before = known.people if isinstance(known, Cutout) else known
        if before is None or len(people) > len(before):
            self.recent.put(photo, people)
        return people

    def split(
        self, photo: Path, number: int, points: Sequence[tuple[float, float]], stop: Path
    ) -> list[Person]:
        """Tell two people apart who were found as one: everyone, the new one last.

        Args:
            photo: the picture file.
            number: of the two as one; the first of them keeps it.
            points: (x, y) on each of them.
            stop: as for :meth:`swapping`.

        Raises:
            BadInput: a point is not on the mask.
            Stopped: a file appeared at ``stop``.
        """
        known, picture = self._opened(photo)
        (people,) = self._split(picture, number, points, stop, known)
        self.recent.put(photo, people)
        return people

    def _opened(self, photo: Path) -> tuple[Known | None, np.ndarray]:
        """What is known of a photo, and its pixels."""
        known = self.recent.get(photo)
        return known, known.photo if isinstance(known, Cutout) else images.open_photo(photo)

    def again(
        self, photo: Path, prompt: str, people: Choice, options: SwapOptions, stop: Path
    ) -> Generator[Progress | SwapResult, None, None]:
        """As :meth:`swapping`, with what is known of the photo; the cut-out is remembered."""
        for event in self.swapping(photo, prompt, people, options, stop, self.recent.get(photo)):
            if isinstance(event, SwapResult) and event.known is not None:
                self.recent.put(photo, event.known)
            yield event

    def swapping(
        self,
        photo: Path,
        prompt: str,
        people: Choice,
        options: SwapOptions,
        stop: Path,
        known: Known | None = None,
    ) -> Generator[Progress | SwapResult, None, None]:
        """Run a swap: its progress step by step, the result last.

        Args:
            photo: the picture file.
            prompt: the scene in words.
            people: who stays.
            options: see :class:`SwapOptions`.
            stop: a path; once a file is there the work ends after the present step.
            known: the photo's people or its cut-out, which are not made again.

        Raises:
            Stopped: a file appeared at ``stop``.
            BgSwapError: as :meth:`BackgroundSwapper.swap`.
        """
        self.check_steps(options)
        options = without_second_pass(options) if ZERO_GPU else options
        try:
            yield from self._swap(photo, prompt, people, options, stop, known)
        except GeneratorExit:
            # Closing does not reach into ZeroGPU's worker; the file does.
            stop.touch()
            raise

    def swap(
        self, photo: Path, prompt: str, people: Choice, options: SwapOptions, stop: Path
    ) -> SwapResult:
        """As :meth:`swapping`, the result alone."""
        *_, result = self.swapping(photo, prompt, people, options, stop)
        assert isinstance(result, SwapResult)  # the last one is
        return result

    def check_steps(self, options: SwapOptions) -> None:
        """Refuse what would take a shared server too long.

        Raises:
            BadInput: too many steps are asked for.
        """
        steps = steps_of(options) * options.variations
        if steps > self.most_steps:
            raise BadInput(
                f"steps times variations may be {self.most_steps:g} at most here, got {steps}"
            )

    def unknown_words(self, prompt: str, preset: str) -> list[str]:
        """Words of a prompt that the scene model which will paint does not know; loads nothing."""
        return self.swapper.models.unknown_words(prompt, preset)

    def save(self, result: SwapResult, stem: str, options: SwapOptions) -> Saved:
        """Write all files of a result, with their origin inside, named after the photo."""
        return save_result(result, self.folder() / stem, options)

    def save_cutouts(self, photo: np.ndarray, people: list[Person]) -> list[tuple[str, str]]:
        """Write each person alone as RGBA PNG: paths and captions for a gallery."""
        folder = self.folder()
        tiles = []
        for person in people:
            path = folder / f"person-{person.number}.png"
            encoding.save(cut_out(photo, person), path)
            # Rounded as the details have it, so that both say the same.
            tiles.append((str(path), f"{person.number} · {round(person.confidence, 3):.0%}"))
        return tiles
