"""Event handlers of Split two people: one mask is divided by a click on each person."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import gradio as gr

from bgswap import Person
from bgswap.io import images
from bgswap.ui import fragments
from bgswap.ui.disconnects import until_disconnect
from bgswap.ui.guard import gradio_errors, warn
from bgswap.ui.page_session import (
    SPLIT_STEPS,
    Handlers,
    Session,
    Updates,
    is_point,
    person_clicked,
    require_session,
    show,
    to_photo_pixels,
)
from bgswap.ui.texts import text
from bgswap.ui.thumbnails import person_at, sketch


class Splitting(Handlers):
    """Handlers of the button Split two people, and of the two clicks that follow."""

    @gradio_errors()
    def begin(self, session: Session | None) -> Updates:
        """The button was pressed: the photo shows, and waits for two clicks."""
        session, editor = replace(require_session(session), clicks=()), self.page.cutout_editor
        return show(self.page, session) | {
            editor.viewer: gr.Column(visible=True),
            editor.room: gr.Column(visible=False),
        }

    @gradio_errors()
    def point(self, session: Session | None, event: gr.SelectData) -> Updates:
        """A click on the photo: one of the two, where two are asked for."""
        if session is None or session.clicks is None or not is_point(event.index):
            return {self.page.session: gr.skip()}
        clicks = (*session.clicks, (float(event.index[0]), float(event.index[1])))
        number = person_clicked(session, clicks[0])
        if number is None:
            return self._given_up(session, text("split_nobody"))
        shared = [figure for figure in session.shown.figures if figure.number == number]
        if person_at(shared, *clicks[-1]) is None:
            return self._given_up(session, text("split_not_both"))
        return show(self.page, replace(session, clicks=clicks))

    async def split(self, session: Session | None) -> AsyncIterator[Updates]:
        """Both were clicked: tell them apart."""
        if session is None or len(session.clicks or ()) < len(SPLIT_STEPS):
            yield {self.page.session: gr.skip()}
            return
        yield {self.page.photo_message: fragments.message(text("splitting"))}
        try:
            with gradio_errors():
                session.check()
                clicks, stop = session.clicks or (), self.service.stop_mark()
                number = person_clicked(session, clicks[0]) or 0
                points = [to_photo_pixels(session, click) for click in clicks]
                work = partial(self.service.split, session.photo, number, points, stop)
                people = await until_disconnect(work, stop)
                yield await to_thread(self._with, session, number, people)
        except gr.Error as error:
            warn(error)
            yield self._given_up(session, error.message)

    def _given_up(self, session: Session, reason: str) -> Updates:
        return show(self.page, replace(session, clicks=None), (reason, "bad"))

    def _with(self, session: Session, number: int, people: list[Person]) -> Updates:
        """The session with both people in the place of the one."""
        second = people[-1].number
        pair = [person for person in people if person.number in (number, second)]
        drawn = sketch(images.open_photo(session.photo), pair).figures
        figures = session.shown.figures
        place = session.shown.numbers.index(number)
        shown = replace(session.shown, figures=(*figures[:place], *drawn, *figures[place + 1 :]))
        session = replace(
            session,
            shown=shown,
            kept=session.kept | ({second} if number in session.kept else set()),
            clicks=None,
            splits=(*session.splits, (number, second)),
            round=session.round + 1,
        )
        return show(self.page, session)
