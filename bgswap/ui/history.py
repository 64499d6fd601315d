"""The results of a session: the one shown, and the last ones, which can be reopened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from bgswap.io.encoding import format_of
from bgswap.options import FORMATS
from bgswap.ui import fragments
from bgswap.ui.guard import gradio_errors, present, selected_index
from bgswap.ui.page import Page
from bgswap.ui.page_session import Handlers, Session, Updates, show
from bgswap.ui.saved import Saved
from bgswap.ui.texts import text

LONGEST_HISTORY = 12


@dataclass(frozen=True, eq=False)
class Shown:
    """A result, and what it was made from.

    Attributes:
        photo: the uploaded file.
        before: the photo as the page shows it.
        kept: numbers of those who stayed.
        saved: its files.
        details: of the best scene.
        seeds: of every scene, None where a background has none.
        choices: what the controls held, by name; see :func:`choices`.
        chosen: which scene shows.
    """

    photo: Path
    before: Path
    kept: frozenset[int]
    saved: Saved
    details: dict[str, Any]
    seeds: Sequence[int | None]
    choices: dict[str, Any]
    chosen: int = 0

    @property
    def told(self) -> dict[str, Any]:
        """The details of the scene that shows."""
        return self.details | {"seed": self.seeds[self.chosen]}


Past = tuple[Shown, ...]


def controls(page: Page) -> dict[str, gr.components.Component]:
    """The controls whose values come back, by name; never a file."""
    options = {n: c for n, c in page.options.items() if not isinstance(c, gr.File)}
    return page.backdrop.controls | options


def choices(page: Page, values: Updates) -> dict[str, Any]:
    """What the controls hold."""
    return {name: values[control] for name, control in controls(page).items()}


def chosen_scene(page: Page, shown: Shown) -> Updates:
    """The updates that show one scene of a result.

    Raises:
        BadInput: its files were deleted.
    """
    view, picture = shown.saved.views[shown.chosen], shown.saved.pictures[shown.chosen]
    for path in (view, picture, shown.before):
        present(path)
    return {
        page.slider: gr.ImageSlider(value=(str(shown.before), str(view)), visible=True),
        page.download_picture: gr.DownloadButton(
            f"{text('download_picture')} ({FORMATS[format_of(picture)]})",
            value=picture,
            interactive=True,
        ),
        page.summary: fragments.summary(shown.told),
        page.details: shown.told,
        page.shown: shown,
    }


def whole_result(page: Page, shown: Shown) -> Updates:
    """The updates that show a result with all its scenes.

    Raises:
        BadInput: its files were deleted.
    """
    views = [(str(view), f"Scene {i}") for i, view in enumerate(shown.saved.views, 1)]
    return chosen_scene(page, shown) | {
        page.placeholder: gr.HTML(visible=False),
        page.several: gr.Column(visible=len(views) > 1),
        page.candidates: gr.Gallery(value=views, selected_index=shown.chosen),
        page.download_cutout: gr.DownloadButton(value=shown.saved.cutout, interactive=True),
        page.folded: gr.Accordion(visible=True),
    }


class History(Handlers):
    """Handlers of the scenes and of the strip of earlier results."""

    def add(self, past: Past, shown: Shown, visitor: str | None) -> Updates:
        """A new result: it shows, and the strip begins with it."""
        past = (shown, *past)[:LONGEST_HISTORY]
        folders = [entry.saved.cutout.parent for entry in past]
        befores = [entry.before for entry in past]
        self.service.sweeper.hold(visitor, "result", *folders, *befores)
        tiles = [(str(entry.saved.small), f"{len(past) - i}") for i, entry in enumerate(past)]
        return whole_result(self.page, shown) | {
            self.page.past: past,
            self.page.strip: gr.Gallery(value=tiles, selected_index=None),
            self.page.earlier: gr.Column(visible=len(past) > 1),
        }

    @gradio_errors()
    def pick(self, shown: Shown | None, event: gr.SelectData) -> Updates:
        """A click on another scene: picture, downloads, seed, summary and details change."""
        index = None if shown is None else selected_index(event, len(shown.saved.views))
        if shown is None or index is None:
            return {self.page.slider: gr.skip()}
        return chosen_scene(self.page, replace(shown, chosen=index))

    @gradio_errors()
    def recall(self, past: Past, session: Session | None, event: gr.SelectData) -> Updates:
        """A click on an earlier result: it comes back with the choices it was made from."""
        index = selected_index(event, len(past))
        if index is None:
            return {self.page.slider: gr.skip()}
        shown = past[index]
        values = shown.choices | _seed(shown)
        updates = {c: values[name] for name, c in controls(self.page).items()}
        if session is not None and session.photo == shown.photo:
            kept = shown.kept & frozenset(session.shown.numbers)
            updates |= show(self.page, replace(session, kept=kept))
        return whole_result(self.page, shown) | updates


def _seed(shown: Shown) -> dict[str, str]:
    seed = shown.told["seed"]
    return {} if seed is None else {"seed": str(seed)}
