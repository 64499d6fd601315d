"""Photo and people: what happens when a picture arrives and when someone is clicked."""

from asyncio import to_thread
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr

from bgswap import BadInput
from bgswap.io import images
from bgswap.ui import fragments
from bgswap.ui.guard import picked, present, told_to_user, uploaded, warn
from bgswap.ui.overlays import card, outlined
from bgswap.ui.page import NO_PHOTO, Page
from bgswap.ui.thumbnails import CLICK_REACH, Sketch, person_at, sketch
from bgswap.ui.wanted import while_wanted
from bgswap.ui.work import Workbench

Updates = dict[Any, Any]
# What Gradio uploads: its FileData, and a random mark that tells two arrivals apart.
Source = tuple[dict[str, Any], str]


@dataclass(frozen=True, eq=False)
class Session:
    """The photo that a visitor has open.

    Attributes:
        photo: the uploaded file.
        folder: for the pictures that show it.
        before: the photo as PNG at the size the page shows it.
        shown: the photo and its people at display size.
        kept: numbers of those who stay.
        details: as ``/find_people`` gives them.
    """

    photo: Path
    folder: Path
    before: Path
    shown: Sketch
    kept: frozenset[int]
    details: dict[str, Any]

    def check(self) -> None:
        """Look whether its files are still there.

        Raises:
            BadInput: they were deleted.
        """
        for path in (self.photo, self.before):
            present(path)


def opened(session: Session | None) -> Session:
    """The photo that a visitor has open.

    Raises:
        BadInput: there is none, or its files were deleted.
    """
    if session is None:
        raise BadInput(NO_PHOTO)
    session.check()
    return session


def _is_point(index: Any) -> bool:
    return (
        isinstance(index, (list, tuple))
        and len(index) == 2
        and all(isinstance(value, (int, float)) and isfinite(value) for value in index)
    )


def lacking(session: Session | None) -> str:
    """What is still to be done about photo and people, in words; empty: nothing."""
    if session is None:
        return NO_PHOTO
    if session.kept:
        return ""
    return "Choose at least one person who stays."


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
                self.bench.sweeper.hold(request.session_hash, "photo", path, folder)
                before = await to_thread(self.bench.save_view, photo, folder / "before.png")
                work = partial(self.bench.people_in, photo, stop)
                people, details = await while_wanted(work, stop)
                self.bench.recent.put(path, people)
                shown = await to_thread(sketch, photo, people)
                session = Session(path, folder, before, shown, frozenset(shown.numbers), details)
                return await to_thread(self._show, session)
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
        if index is None:
            return {self.page.session: gr.skip()}
        return self._toggle(session, session.shown.numbers[index])

    @told_to_user()
    def toggle_point(self, session: Session | None, event: gr.SelectData) -> Updates:
        """A click on someone in the photo."""
        if session is None or not _is_point(event.index):
            return {self.page.session: gr.skip()}
        x, y = event.index
        reach = CLICK_REACH * max(session.shown.photo.shape[:2])
        number = person_at(session.shown.figures, x, y, reach)
        if number is None:
            return {self.page.session: gr.skip()}
        return self._toggle(session, number)

    @told_to_user()
    def keep_everyone(self, session: Session | None) -> Updates:
        """The button Everyone."""
        session = opened(session)
        return self._show(replace(session, kept=frozenset(session.shown.numbers)))

    @told_to_user()
    def keep_no_one(self, session: Session | None) -> Updates:
        """The button No one."""
        return self._show(replace(opened(session), kept=frozenset()))

    def _toggle(self, session: Session, number: int) -> Updates:
        return self._show(replace(session, kept=session.kept ^ {number}))

    def _ours(self, file: dict[str, Any]) -> bool:
        path = file.get("path")
        return isinstance(path, str) and Path(path).parent.name.startswith(self.bench.PREFIX)

    def _nobody(self) -> Updates:
        return {
            self.page.session: None,
            self.page.gallery: [],
            self.page.everyone: gr.Button(interactive=False),
            self.page.no_one: gr.Button(interactive=False),
        }

    def _show(self, session: Session) -> Updates:
        session.check()
        shown, kept = session.shown, session.kept
        picture = session.folder / f"shown-{uuid4().hex}.png"
        images.save(outlined(shown, kept), picture)
        return {
            self.page.session: session,
            self.page.photo: str(picture),
            self.page.photo_message: fragments.message(*_who_stays(shown, kept)),
            self.page.gallery: _tiles(session),
            self.page.everyone: gr.Button(interactive=len(kept) < len(shown.figures)),
            self.page.no_one: gr.Button(interactive=bool(kept)),
        }


def _tiles(session: Session) -> list[tuple[str, str]]:
    tiles = []
    for figure in session.shown.figures:
        stays = figure.number in session.kept
        word = "stays" if stays else "goes"
        path = session.folder / f"person-{figure.number}-{word}.png"
        if not path.exists():
            images.save(card(figure, stays), path)
        tiles.append((str(path), f"{figure.number} · {word} · {figure.confidence:.0%}"))
    return tiles


def _who_stays(shown: Sketch, kept: frozenset[int]) -> tuple[str, str]:
    everyone = len(shown.figures)
    found = "1 person found" if everyone == 1 else f"{everyone} people found"
    if not kept:
        return f"{found}. Choose at least one who stays.", "bad"
    if len(kept) == everyone:
        return f"{found}. Click anyone who should go.", "good"
    stay = ", ".join(str(number) for number in sorted(kept))
    return f"{found}. {stay} {'stays' if len(kept) == 1 else 'stay'}.", "good"
