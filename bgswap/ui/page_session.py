"""The photo that is open on the page: its state, and how the page shows it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr

from bgswap import BadInput
from bgswap.detection.turned import ADVICE
from bgswap.io import encoding
from bgswap.ui import fragments
from bgswap.ui.guard import present
from bgswap.ui.overlays import card, outlined
from bgswap.ui.page import Page
from bgswap.ui.service import SwapService
from bgswap.ui.texts import english, text
from bgswap.ui.thumbnails import CLICK_REACH, Sketch, person_at

Updates = dict[Any, Any]
# What is asked for while two people are split, by how many were clicked.
SPLIT_STEPS = (text("split_first"), text("split_second"))
Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Session:
    """The photo that a visitor has open.

    Attributes:
        photo: the uploaded file.
        folder: for the pictures that show it.
        before: the photo as PNG at the size the page shows it.
        shown: the photo and its people at display size.
        kept: numbers of those who stay.
        found: the same as it was found, before anything was painted.
        size: (H, W) of the photo.
        keep: a picture of the photo's size, white where a keep stroke was painted; None: nowhere.
        remove: likewise of strokes that remove.
        round: how often the people were corrected.
        clicks: on two people who are to be split, (x, y) in pixels of the shown photo; None: none
            are.
        splits: pairs of numbers: the person who was split, and the new one.
        turn: degrees to the right by which the photo should be turned; 0: it stands upright.
    """

    photo: Path
    folder: Path
    before: Path
    shown: Sketch
    kept: frozenset[int]
    found: Sketch
    size: tuple[int, int]
    keep: Path | None = None
    remove: Path | None = None
    round: int = 0
    clicks: tuple[Point, ...] | None = None
    splits: tuple[tuple[int, int], ...] = ()
    turn: int = 0

    def check(self) -> None:
        """Look whether its files are still there.

        Raises:
            BadInput: they were deleted.
        """
        for path in (self.photo, self.before):
            present(path)


@dataclass(frozen=True, eq=False)
class Handlers:
    """Handlers of events of the page.

    Args:
        page: the components they read and update.
        service: what does the work.
    """

    page: Page
    service: SwapService


def require_session(session: Session | None) -> Session:
    """The photo that a visitor has open.

    Raises:
        BadInput: there is none, or its files were deleted.
    """
    if session is None:
        raise BadInput(english(text("no_photo")))
    session.check()
    return session


def missing_input(session: Session | None) -> str:
    """What is still to be done about photo and people, in words; empty: nothing."""
    if session is None:
        return text("no_photo")
    if session.kept:
        return ""
    if not session.shown.figures:
        return text("no_cutout")
    return text("no_one_stays")


def show(page: Page, session: Session, said: tuple[str, str] | None = None) -> Updates:
    """The updates that show a photo with who stays and who goes.

    Args:
        page: the components they update.
        session: what is open.
        said: the line under the photo and its kind, in place of who stays.

    Raises:
        BadInput: its files were deleted.
    """
    session.check()
    shown, kept = session.shown, session.kept
    picture = session.folder / f"shown-{uuid4().hex}.png"
    encoding.save(outlined(shown, kept), picture)
    return {
        page.session: session,
        page.photo: str(picture),
        page.photo_message: fragments.message(*(said or _line(session))),
        page.gallery: _tiles(session),
        page.everyone: gr.Button(interactive=len(kept) < len(shown.figures)),
        page.no_one: gr.Button(interactive=bool(kept)),
        page.fix: gr.Button(interactive=True),
        page.turn: gr.Button(visible=True),
    }


def _tiles(session: Session) -> list[tuple[str, str]]:
    tiles = []
    for figure in session.shown.figures:
        stays = figure.number in session.kept
        word = "stays" if stays else "goes"
        path = session.folder / f"person-{figure.number}-{session.round}-{word}.png"
        if not path.exists():
            encoding.save(card(figure, stays), path)
        tiles.append((str(path), f"{figure.number} · {word} · {figure.confidence:.0%}"))
    return tiles


def _line(session: Session) -> tuple[str, str]:
    """The line under the photo and its kind."""
    if session.clicks is not None and len(session.clicks) < len(SPLIT_STEPS):
        return SPLIT_STEPS[len(session.clicks)], "good"
    line, kind = _who_stays(session.shown, session.kept)
    if not session.turn:
        return line, kind
    if not session.shown.figures:
        line = "No person detected."
    return f"{line} {ADVICE[session.turn]}.", "bad"


def _who_stays(shown: Sketch, kept: frozenset[int]) -> tuple[str, str]:
    everyone = len(shown.figures)
    if not everyone:
        return text("nobody"), "bad"
    if not kept:
        return f"{everyone} {text('found_none_stays')}", "bad"
    if len(kept) == everyone:
        return f"{everyone} {text('one_found' if everyone == 1 else 'many_found')}", "good"
    stay = ", ".join(str(number) for number in sorted(kept))
    return f"{everyone} {text('found_staying')} {stay}.", "good"


def own_copy(photo: Path, folder: Path) -> Path:
    """The photo under a path of the visitor's own: several may have opened the same file."""
    return Path(shutil.copyfile(photo, folder / photo.name))


def is_point(index: Any) -> bool:
    """Whether an event of a picture tells where it was clicked."""
    return (
        isinstance(index, (list, tuple))
        and len(index) == 2
        and all(isinstance(value, (int, float)) and isfinite(value) for value in index)
    )


def person_clicked(session: Session, point: Sequence[float]) -> int | None:
    """Who is at a point of the shown photo, or close to it; None: nobody."""
    reach = CLICK_REACH * max(session.shown.photo.shape[:2])
    return person_at(session.shown.figures, point[0], point[1], reach)


def to_photo_pixels(session: Session, point: Sequence[float]) -> Point:
    """A point of the shown photo in pixels of the photo itself."""
    (x, y), (height, width) = point, session.shown.photo.shape[:2]
    rows, columns = session.size
    return min(x * columns / width, columns - 1), min(y * rows / height, rows - 1)
