"""Photo and people: what happens when a picture arrives and when someone is clicked."""

from asyncio import to_thread
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr

from bgswap import NoPersonDetected, Person
from bgswap.io import images
from bgswap.ui import fragments
from bgswap.ui.guard import picked, told_to_user, uploaded, warn
from bgswap.ui.page import Page
from bgswap.ui.thumbnails import CLICK_REACH, person_at, sketch
from bgswap.ui.visit import Session, Updates, opened, own_copy, show
from bgswap.ui.wanted import while_wanted
from bgswap.ui.work import Workbench

# What Gradio uploads: its FileData, and a random mark that tells two arrivals apart.
Source = tuple[dict[str, Any], str]


def _is_point(index: Any) -> bool:
    return (
        isinstance(index, (list, tuple))
        and len(index) == 2
        and all(isinstance(value, (int, float)) and isfinite(value) for value in index)
    )


@dataclass(frozen=True, eq=False)
class Choosing:
    """Handlers of the steps Photo and Who stays.

    Args:
        page: the components they update.
        bench: what does the work.
    """

    page: Page
    bench: Workbench

    @told_to_user()
    def arrived(self, file: dict[str, Any] | None) -> Updates:
        """A picture is in the photo box: forget the last one and ask for its people."""
        if not isinstance(file, dict) or self._ours(file):
            return {self.page.source: gr.skip()}
        # The mark makes a picture that is dropped twice be looked at twice.
        return {
            self.page.source: (file, uuid4().hex),
            self.page.photo_message: fragments.message("Looking for people …"),
        } | self._nobody()

    def cleared(self) -> Updates:
        """The visitor took the photo away."""
        return {
            self.page.source: None,
            self.page.photo_message: fragments.message(fragments.FORMATS),
        } | self._nobody()

    async def look(self, source: Source | None, request: gr.Request) -> Updates:
        """Open a picture and find its people; everyone stays at first."""
        if source is None:
            return {self.page.photo: None} | self._nobody()
        before: Path | None = None
        try:
            with told_to_user():
                path, stop = uploaded(source[0], self.bench.cache), self.bench.stop_mark()
                photo = await to_thread(images.open_photo, path)
                folder = self.bench.folder()
                path = await to_thread(own_copy, path, folder)
                self.bench.sweeper.hold(request.session_hash, "photo", folder)
                before = await to_thread(self.bench.save_view, photo, folder / "before.png")
                work = partial(self.bench.people_in, photo, stop)
                people: list[Person] = []
                # Somebody may be clicked or painted later.
                with suppress(NoPersonDetected):
                    people, _ = await while_wanted(work, stop)
                self.bench.recent.put(path, people)
                shown = await to_thread(sketch, photo, people)
                size = (photo.shape[0], photo.shape[1])
                session = Session(
                    path, folder, before, shown, frozenset(shown.numbers), shown, size
                )
                return await to_thread(show, self.page, session)
        except gr.Error as error:
            warn(error)
            return {
                self.page.photo: None if before is None else str(before),
                self.page.photo_message: fragments.message(error.message, "bad"),
            }

    @told_to_user()
    def toggle_tile(self, session: Session | None, event: gr.SelectData) -> Updates:
        """A click on someone's cut-out."""
        index = None if session is None else picked(event, len(session.shown.numbers))
        if session is None or index is None:
            return {self.page.session: gr.skip()}
        return self._toggle(session, session.shown.numbers[index])

    @told_to_user()
    def toggle_point(self, session: Session | None, event: gr.SelectData) -> Updates:
        """A click on someone in the photo."""
        if session is None or not _is_point(event.index):
            return {self.page.session: gr.skip()}
        number = _clicked(session, event.index)
        if number is None:
            return {self.page.session: gr.skip()}
        return self._toggle(session, number)

    @told_to_user()
    def keep_everyone(self, session: Session | None) -> Updates:
        """The button Everyone."""
        session = opened(session)
        return show(self.page, replace(session, kept=frozenset(session.shown.numbers)))

    @told_to_user()
    def keep_no_one(self, session: Session | None) -> Updates:
        """The button No one."""
        return show(self.page, replace(opened(session), kept=frozenset()))

    def _toggle(self, session: Session, number: int) -> Updates:
        return show(self.page, replace(session, kept=session.kept ^ {number}))

    def _ours(self, file: dict[str, Any]) -> bool:
        path = file.get("path")
        return isinstance(path, str) and Path(path).parent.name.startswith(self.bench.PREFIX)

    def _nobody(self) -> Updates:
        return {
            self.page.session: None,
            self.page.gallery: [],
            self.page.everyone: gr.Button(interactive=False),
            self.page.no_one: gr.Button(interactive=False),
            self.page.fix: gr.Button(interactive=False),
            self.page.desk.viewer: gr.Column(visible=True),
            self.page.desk.room: gr.Column(visible=False),
        }

    async def search(
        self, session: Session | None, event: gr.SelectData, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """A click on the photo where nobody is known: look for somebody there."""
        point = None if session is None else _missed(session, event)
        if session is None or point is None:
            yield {self.page.session: gr.skip()}
            return
        yield {self.page.photo_message: fragments.message("Looking there …")}
        try:
            with told_to_user():
                session.check()
                stop = self.bench.stop_mark()
                people = await while_wanted(
                    partial(self.bench.search, session.photo, point, stop), stop
                )
                yield await to_thread(self._with, session, people)
        except gr.Error as error:
            warn(error)
            yield {self.page.photo_message: fragments.message(error.message, "bad")}

    def _with(self, session: Session, people: list[Person]) -> Updates:
        new = [person for person in people if person.number not in session.shown.numbers]
        if not new:
            return show(self.page, session, ("Nobody found there: paint over them.", "bad"))
        drawn = sketch(images.open_photo(session.photo), new)
        numbers = frozenset(drawn.numbers)
        session = replace(
            session,
            shown=replace(session.shown, figures=session.shown.figures + drawn.figures),
            found=replace(session.found, figures=session.found.figures + drawn.figures),
            kept=session.kept | numbers,
        )
        return show(self.page, session)


def _missed(session: Session, event: gr.SelectData) -> tuple[float, float] | None:
    """Where nobody was clicked, in pixels of the photo; None where somebody was."""
    if not _is_point(event.index) or _clicked(session, event.index) is not None:
        return None
    (x, y), (height, width) = event.index, session.shown.photo.shape[:2]
    rows, columns = session.size
    across, down = columns / width, rows / height
    return min(x * across, columns - 1), min(y * down, rows - 1)


def _clicked(session: Session, point: Sequence[float]) -> int | None:
    reach = CLICK_REACH * max(session.shown.photo.shape[:2])
    return person_at(session.shown.figures, point[0], point[1], reach)
