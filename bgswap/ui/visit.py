"""The photo that a visitor has open, and how the page shows it."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr

from bgswap import BadInput
from bgswap.io import encoding
from bgswap.ui import fragments
from bgswap.ui.guard import present
from bgswap.ui.overlays import card, outlined
from bgswap.ui.page import NO_PHOTO, Page
from bgswap.ui.thumbnails import Sketch

Updates = dict[Any, Any]
NOBODY = (
    "No person detected: click on somebody in the photo, or paint over them with "
    "“Fix the cut-out”, or try a larger picture."
)


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


def lacking(session: Session | None) -> str:
    """What is still to be done about photo and people, in words; empty: nothing."""
    if session is None:
        return NO_PHOTO
    if session.kept:
        return ""
    if not session.shown.figures:
        return "Nobody is cut out yet: click or paint on somebody in the photo."
    return "Choose at least one person who stays."


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
        page.photo_message: fragments.message(*(said or _who_stays(shown, kept))),
        page.gallery: _tiles(session),
        page.everyone: gr.Button(interactive=len(kept) < len(shown.figures)),
        page.no_one: gr.Button(interactive=bool(kept)),
        page.fix: gr.Button(interactive=True),
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


def _who_stays(shown: Sketch, kept: frozenset[int]) -> tuple[str, str]:
    everyone = len(shown.figures)
    if not everyone:
        return NOBODY, "bad"
    found = "1 person found" if everyone == 1 else f"{everyone} people found"
    if not kept:
        return f"{found}. Choose at least one who stays.", "bad"
    if len(kept) == everyone:
        return f"{found}. Click anyone who should go.", "good"
    stay = ", ".join(str(number) for number in sorted(kept))
    return f"{found}. {stay} {'stays' if len(kept) == 1 else 'stay'}.", "good"


def own_copy(photo: Path, folder: Path) -> Path:
    """The photo under a path of the visitor's own: several may have opened the same file."""
    return Path(shutil.copyfile(photo, folder / photo.name))
