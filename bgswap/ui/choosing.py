"""Event handlers of the steps Photo and Who stays."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr
import numpy as np

from bgswap import NoPersonDetected, Person
from bgswap.detection.turned import ADVICE
from bgswap.io import encoding, images
from bgswap.ui import fragments
from bgswap.ui.disconnects import until_disconnect
from bgswap.ui.guard import gradio_errors, selected_index, uploaded_path, warn
from bgswap.ui.page_session import (
    Handlers,
    Point,
    Session,
    Updates,
    is_point,
    own_copy,
    person_clicked,
    require_session,
    show,
    to_photo_pixels,
)
from bgswap.ui.saved import save_view
from bgswap.ui.texts import text
from bgswap.ui.thumbnails import sketch

# What Gradio uploads: its FileData, and a random mark that tells two arrivals apart.
Source = tuple[dict[str, Any], str]


class Choosing(Handlers):
    """Handlers of the steps Photo and Who stays."""

    @gradio_errors()
    def arrived(self, file: dict[str, Any] | None) -> Updates:
        """A picture is in the photo box: forget the last one and ask for its people."""
        if not isinstance(file, dict) or self._ours(file):
            return {self.page.source: gr.skip()}
        # The mark makes a picture that is dropped twice be looked at twice.
        return {
            self.page.source: (file, uuid4().hex),
            self.page.photo_message: fragments.message(text("looking")),
        } | self._nobody()

    def cleared(self) -> Updates:
        """The visitor took the photo away."""
        return {
            self.page.source: None,
            self.page.photo_message: fragments.message(text("formats")),
        } | self._nobody()

    async def look(self, source: Source | None, request: gr.Request) -> Updates:
        """Open a picture and find its people; everyone stays at first."""
        if source is None:
            return {self.page.photo: None} | self._nobody()
        before: Path | None = None
        try:
            with gradio_errors():
                path, stop = uploaded_path(source[0], self.service.cache), self.service.stop_mark()
                photo = await to_thread(images.open_photo, path)
                folder = self.service.folder()
                path = await to_thread(own_copy, path, folder)
                self.service.sweeper.hold(request.session_hash, "photo", folder)
                before = await to_thread(save_view, photo, folder / "before.png")
                people, turn = await self._found(photo, stop)
                self.service.recent.put(path, people)
                shown = await to_thread(sketch, photo, people)
                size = (photo.shape[0], photo.shape[1])
                kept = frozenset(shown.numbers)
                session = Session(path, folder, before, shown, kept, shown, size, turn=turn)
                return await to_thread(show, self.page, session)
        except gr.Error as error:
            warn(error)
            return {
                self.page.photo: None if before is None else str(before),
                self.page.photo_message: fragments.message(error.message, "bad"),
            }

    async def _found(self, photo: np.ndarray, stop: Path) -> tuple[list[Person], int]:
        """Everyone in a photo, and by how many degrees to the right it should be turned."""
        try:
            people, details = await until_disconnect(
                partial(self.service.people_in, photo, stop), stop
            )
            said = " ".join(details["notes"])
        except NoPersonDetected as error:
            # Somebody may be clicked or painted later.
            people, said = [], str(error)
        return people, next((turn for turn, advice in ADVICE.items() if advice in said), 0)

    async def turn(self, session: Session | None) -> Updates:
        """The button Turn: the photo is turned and searched again.

        As far as it should be; a quarter to the right where it seems to stand upright.
        """
        with gradio_errors():
            session = require_session(session)
            work = partial(_turned, session.photo, session.turn or 90, self.service.folder())
            path = await to_thread(work)
        return {
            self.page.source: ({"path": str(path)}, uuid4().hex),
            self.page.photo_message: fragments.message(text("turning")),
        }

    @gradio_errors()
    def toggle_tile(self, session: Session | None, event: gr.SelectData) -> Updates:
        """A click on someone's cut-out."""
        index = None if session is None else selected_index(event, len(session.shown.numbers))
        if session is None or index is None:
            return {self.page.session: gr.skip()}
        return self._toggle(session, session.shown.numbers[index])

    @gradio_errors()
    def toggle_point(self, session: Session | None, event: gr.SelectData) -> Updates:
        """A click on someone in the photo."""
        if session is None or session.clicks is not None or not is_point(event.index):
            return {self.page.session: gr.skip()}
        number = person_clicked(session, event.index)
        if number is None:
            return {self.page.session: gr.skip()}
        return self._toggle(session, number)

    @gradio_errors()
    def keep_everyone(self, session: Session | None) -> Updates:
        """The button Everyone."""
        session = require_session(session)
        return show(self.page, replace(session, kept=frozenset(session.shown.numbers)))

    @gradio_errors()
    def keep_no_one(self, session: Session | None) -> Updates:
        """The button No one."""
        return show(self.page, replace(require_session(session), kept=frozenset()))

    def _toggle(self, session: Session, number: int) -> Updates:
        return show(self.page, replace(session, kept=session.kept ^ {number}))

    def _ours(self, file: dict[str, Any]) -> bool:
        path = file.get("path")
        return isinstance(path, str) and Path(path).parent.name.startswith(self.service.PREFIX)

    def _nobody(self) -> Updates:
        return {
            self.page.session: None,
            self.page.gallery: [],
            self.page.everyone: gr.Button(interactive=False),
            self.page.no_one: gr.Button(interactive=False),
            self.page.fix: gr.Button(interactive=False),
            self.page.turn: gr.Button(visible=False),
            self.page.cutout_editor.viewer: gr.Column(visible=True),
            self.page.cutout_editor.room: gr.Column(visible=False),
        }

    async def search(
        self, session: Session | None, event: gr.SelectData, request: gr.Request
    ) -> AsyncIterator[Updates]:
        """A click on the photo where nobody is known: look for somebody there."""
        point = None if session is None else _missed(session, event)
        if session is None or point is None:
            yield {self.page.session: gr.skip()}
            return
        yield {self.page.photo_message: fragments.message(text("looking_there"))}
        try:
            with gradio_errors():
                session.check()
                stop = self.service.stop_mark()
                people = await until_disconnect(
                    partial(self.service.search, session.photo, point, stop), stop
                )
                yield await to_thread(self._with, session, people)
        except gr.Error as error:
            warn(error)
            yield {self.page.photo_message: fragments.message(error.message, "bad")}

    def _with(self, session: Session, people: list[Person]) -> Updates:
        new = [person for person in people if person.number not in session.shown.numbers]
        if not new:
            return show(self.page, session, (text("nobody_there"), "bad"))
        drawn = sketch(images.open_photo(session.photo), new)
        numbers = frozenset(drawn.numbers)
        session = replace(
            session,
            shown=replace(session.shown, figures=session.shown.figures + drawn.figures),
            found=replace(session.found, figures=session.found.figures + drawn.figures),
            kept=session.kept | numbers,
        )
        return show(self.page, session)


def _missed(session: Session, event: gr.SelectData) -> Point | None:
    """Where nobody was clicked, in pixels of the photo; None where somebody was."""
    if session.clicks is not None or not is_point(event.index):
        return None
    return (
        None
        if person_clicked(session, event.index) is not None
        else to_photo_pixels(session, event.index)
    )


def _turned(photo: Path, degrees: int, folder: Path) -> Path:
    """A copy of a photo, turned to the right."""
    turned = np.rot90(images.open_photo(photo), -degrees // 90)
    path = folder / f"{photo.stem}.png"
    encoding.save(np.ascontiguousarray(turned), path)
    return path
