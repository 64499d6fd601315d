"""Four verbs from a photo to a picture: find people, cut out, paint or place, compose."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from bgswap.backgrounds import ranking
from bgswap.backgrounds.base import BackgroundSource
from bgswap.backgrounds.scene import SceneSource
from bgswap.errors import BadInput
from bgswap.finding import people_in
from bgswap.io.encoding import SUFFIXES, WRITTEN, check_sides
from bgswap.io.images import open_photo
from bgswap.models import WeightStore
from bgswap.models.manager import ModelManager
from bgswap.options import SwapOptions
from bgswap.plan import read_plan
from bgswap.prompts import check_prompt
from bgswap.report import Report
from bgswap.selection import Choice, parse_choice, select_people
from bgswap.settings import Settings
from bgswap.types import (
    Background,
    Cutout,
    Person,
    Picture,
    ProgressCallback,
    Strokes,
    SwapResult,
)

Photo = str | Path | np.ndarray


class BackgroundSwapper:
    """Finds people and puts them before new backgrounds. Safe to share between threads.

    Where a verb takes a ``report``, it adds the models it used, its notes and its seconds to it; a
    ``photo`` is a path, or (H, W, 3) uint8 RGB.

    Args:
        models: which models, and where their weights come from.
    """

    def __init__(self, models: ModelManager) -> None:
        self.models = models

    @classmethod
    def from_settings(cls, settings: Settings | None = None, wait: bool = True) -> Self:
        """A swapper that has loaded no model yet; ``settings`` None: from the environment.

        Without ``wait`` the starter is used until the download of a full model is complete.
        """
        settings = settings or Settings.from_env()
        return cls(ModelManager(settings, WeightStore(settings, wait=wait)))

    def find_people(self, photo: Photo, report: Report | None = None) -> list[Person]:
        """All people in the photo, numbered from left to right, with refined masks.

        Raises:
            BadInput: the photo cannot be used.
            NoPersonDetected: nobody was detected.
        """
        report, picture = report or Report(), open_photo(photo)
        self.models.request_downloads(None)
        return people_in(picture, self.models, report, Strokes(), None)

    def list_people(self, photo: Photo) -> tuple[list[Person], dict[str, Any]]:
        """As :meth:`find_people`, with the details that ``--list`` and ``/find_people`` show."""
        report, picture = Report(), open_photo(photo)
        found = self.find_people(picture, report)
        return found, report.details(picture, found)

    def cut_out(
        self,
        photo: Photo,
        people: Sequence[Person],
        others: Sequence[Person] = (),
        *,
        strokes: Strokes | None = None,
        earlier: Cutout | None = None,
        report: Report | None = None,
    ) -> Cutout:
        """The kept people, cut out of their photo.

        Args:
            photo: the one they were found in.
            people: the people to keep.
            others: the people to remove: none of their pixels is kept.
            strokes: painted corrections.
            earlier: a cut-out of the same photo; its mattes are reused where they still hold.

        Raises:
            BadInput: ``people`` is empty, or people or strokes are of another photo.
        """
        from bgswap.matting.cutout import cut_out

        picture, report = open_photo(photo), report or Report()
        if not people:
            raise BadInput("cut_out needs at least one person")
        if any(p.size != picture.shape[:2] for p in (*people, *others)):
            raise BadInput("the people were found in a photo of another size")
        with report.stage("matte"):
            matter = self.models.matter().model
            return cut_out(matter, picture, people, others, earlier, strokes)

    def matte(
        self, photo: Photo, people: Sequence[Person], others: Sequence[Person] = ()
    ) -> np.ndarray:
        """The alpha of :meth:`cut_out`, (H, W) float32 in [0, 1]."""
        return self.cut_out(photo, people, others).alpha

    def paint(
        self,
        cutout: Cutout,
        prompt: str,
        options: SwapOptions | None = None,
        report: Report | None = None,
    ) -> list[Background]:
        """Scenes behind the kept people, best first.

        At least ``options.variations`` of them; more where a scene adds or enlarges people.

        Raises:
            BadInput, SceneRejected, ModelUnavailable: as :meth:`swap`.
        """
        from bgswap.compositing.assemble import drafts

        check_prompt(prompt)
        options, report = options or SwapOptions(), report or Report()
        with report.stage("scene"):
            generator = report.used("scene", self.models.scene(options.preset))
            draft, alpha = drafts(cutout)

            def judge(scene: np.ndarray) -> ranking.Judgement:
                finder = self.models.finder()
                return ranking.judge_quickly(draft(scene), alpha, finder.look, finder.find)

            source = SceneSource(generator, prompt, options, judge, report)
            return source.make(cutout.photo, cutout.alpha)

    def place(
        self, cutout: Cutout, source: BackgroundSource, report: Report | None = None
    ) -> list[Background]:
        """Backgrounds that need no scene model: a picture, a color, a blur, or nothing."""
        with (report or Report()).stage("scene"):
            return source.make(cutout.photo, cutout.alpha)

    def compose(
        self,
        cutout: Cutout,
        background: Background,
        options: SwapOptions | None = None,
        report: Report | None = None,
    ) -> Picture:
        """The kept people before a background, at the photo's size, with light and shadow."""
        from bgswap.compositing.assemble import composed

        options, report = options or SwapOptions(), report or Report()

        def enhance(image: np.ndarray) -> np.ndarray:
            restorer = self.models.faces()
            if restorer.weights.kind != "registered":
                report.used("face_finder", self.models.face_finder())
            faces = report.used("face_vae", restorer)
            masks = [person.mask for person in cutout.kept]
            image, notes = faces.enhance(image, masks, options.enhance_faces)
            report.note(*notes)
            return image

        with report.stage("finish"):
            return Picture(composed(cutout, background, options, enhance), background)

    def swap(
        self,
        photo: Photo,
        prompt: str = "",
        people: Choice = "all",
        options: SwapOptions | None = None,
        on_progress: ProgressCallback | None = None,
        background: BackgroundSource | None = None,
        known: Cutout | Sequence[Person] | None = None,
        strokes: Strokes | None = None,
    ) -> SwapResult:
        """Replace everything but the kept people: the four verbs in a row.

        Args:
            prompt: the scene in words; not needed with a background.
            people: ``"all"``, ``"largest"`` or the numbers of the people to keep.
            options: seed, steps, light and so on.
            on_progress: called after each step; raises :class:`Stopped` to cancel.
            background: used instead of a generated scene.
            known: the people in this photo, or a cut-out of it, from an earlier call: reused.
            strokes: corrections of the cut-out; keep strokes near no person add one.

        Raises:
            BadInput: photo, prompt or people cannot be used.
            NoPersonDetected: nobody was detected in the photo.
            SceneRejected: the safety checker rejected every scene.
            ModelUnavailable: BGSWAP_MODELS is ``full`` and a model is not available.
            Stopped: the callback raised it.
        """
        from bgswap.compositing.frame import covering_frame
        from bgswap.compositing.framed import frame_for, framed

        options, report = options or SwapOptions(), Report(on_progress)
        parse_choice(people)
        earlier = known if isinstance(known, Cutout) else None
        if strokes is None and earlier and not (options.keep_mask or options.remove_mask):
            strokes = earlier.strokes
        plan = read_plan(prompt, options, background, strokes)
        picture = open_photo(photo)
        self.models.request_downloads(options.preset if plan.background is None else None)
        found = people_in(picture, self.models, report, plan.strokes, known)
        kept = select_people(found, people)
        others, corrections = [p for p in found if p not in kept], plan.strokes
        cutout = self.cut_out(
            picture, kept, others, strokes=corrections, earlier=earlier, report=report
        )
        frame = frame_for(cutout, plan.frame)
        check_sides(frame.size, WRITTEN[SUFFIXES[options.format]])
        report.note(*frame.notes, *plan.notes)
        placed = framed(cutout, frame)
        if plan.background is None:
            made = self.paint(placed, prompt, options, report)[: options.variations]
        else:
            made = self.place(framed(cutout, covering_frame(frame)), plan.background, report)
        pictures = [self.compose(placed, one, options, report) for one in made]
        return report.result(cutout, pictures)
