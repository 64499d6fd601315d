"""Event handlers of the cut-out editor: painted strokes keep or remove for certain."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import cv2
import gradio as gr
import numpy as np

from bgswap import BadInput, Person
from bgswap.io import encoding, images
from bgswap.plan import read_mask
from bgswap.types import Cutout, Strokes
from bgswap.ui import fragments
from bgswap.ui.disconnects import until_disconnect
from bgswap.ui.guard import gradio_errors, warn
from bgswap.ui.overlays import faded
from bgswap.ui.page_session import Handlers, Session, Updates, require_session, show
from bgswap.ui.photo_cache import Known
from bgswap.ui.texts import text
from bgswap.ui.thumbnails import Sketch, sketch

NOTHING = "Nothing is painted yet: green keeps, red removes."
# Alpha from which a painted pixel counts, of 255: the rim of a stroke is soft.
LEAST_ALPHA = 60


class Fixing(Handlers):
    """Handlers of the editor in which a cut-out is corrected."""

    async def open(self, session: Session | None) -> AsyncIterator[Updates]:
        """The button Fix the cut-out: the photo with its cut-out, to paint on."""
        yield {self.page.photo_message: fragments.message(text("cutting"))}
        async for updates in self._cut(session, None):
            yield updates | (self._open() if self.page.session in updates else {})

    async def apply(
        self, session: Session | None, drawn: dict[str, Any] | None
    ) -> AsyncIterator[Updates]:
        """Apply was pressed: what is painted becomes certain."""
        yield {self.page.photo_message: fragments.message(text("applying"))}
        async for updates in self._cut(session, drawn):
            yield updates

    async def undo(self, session: Session | None) -> AsyncIterator[Updates]:
        """Undo the corrections: the cut-out is what it was found to be."""
        yield {self.page.photo_message: fragments.message(text("undoing"))}
        if session is not None:
            kept = session.kept & frozenset(session.found.numbers)
            self.service.recent.join(session.photo, session.splits)
            session = replace(
                session, keep=None, remove=None, splits=(), shown=session.found, kept=kept
            )
        async for updates in self._cut(session, None):
            yield updates

    def close(self) -> Updates:
        """Done was pressed: back to the photo."""
        editor = self.page.cutout_editor
        return {editor.viewer: gr.Column(visible=True), editor.room: gr.Column(visible=False)}

    def _open(self) -> Updates:
        editor = self.page.cutout_editor
        return {editor.viewer: gr.Column(visible=False), editor.room: gr.Column(visible=True)}

    async def _cut(
        self, session: Session | None, drawn: dict[str, Any] | None
    ) -> AsyncIterator[Updates]:
        try:
            with gradio_errors():
                there = replace(require_session(session), clicks=None)
                there, strokes = await to_thread(_painted_over, there, drawn)
                stop = self.service.stop_mark()
                work = partial(
                    self.service.corrected, there.photo, sorted(there.kept), strokes, stop
                )
                cut = await until_disconnect(work, stop)
                yield await to_thread(self._show, there, cut)
        except gr.Error as error:
            warn(error)
            yield {self.page.photo_message: fragments.message(error.message, "bad")}

    def _show(self, session: Session, cut: Known) -> Updates:
        session = _redrawn(session, cut)
        editor, photo = self.page.cutout_editor, session.shown.photo
        alpha = np.zeros(photo.shape[:2], np.float32)
        if isinstance(cut, Cutout):
            alpha = images.resize(cut.alpha, (photo.shape[1], photo.shape[0]))
        path = session.folder / f"editor-{session.round}.png"
        encoding.save(faded(photo, alpha), path)
        return show(self.page, session) | {
            editor.editor: {"background": str(path), "layers": [], "composite": None},
            editor.undo: gr.Button(interactive=_is_corrected(session)),
        }


def strokes_of(drawn: dict[str, Any], size: tuple[int, int]) -> Strokes:
    """What was painted in an image editor, at the photo's size.

    Args:
        drawn: its value; layers are (h, w, 4) uint8 RGBA, green keeps and red removes.
        size: (H, W) of the photo.

    Raises:
        BadInput: nothing is painted.
    """
    keep, remove = np.zeros(size, bool), np.zeros(size, bool)
    for layer in drawn.get("layers") or []:
        if layer is None or not layer[..., 3].any():
            continue
        large = cv2.resize(layer, (size[1], size[0]), interpolation=cv2.INTER_NEAREST)
        painted, green = large[..., 3] >= LEAST_ALPHA, large[..., 1] > large[..., 0]
        keep |= painted & green
        remove |= painted & ~green
    if not keep.any() and not remove.any():
        raise BadInput(NOTHING)
    return Strokes(keep & ~remove, remove)


def _painted_over(session: Session, drawn: dict[str, Any] | None) -> tuple[Session, Strokes]:
    """The session with what is painted now on top of what was painted before, and all strokes."""
    old = Strokes(read_mask("keep", session.keep), read_mask("remove", session.remove))
    if drawn is None:
        return session, old
    new = strokes_of(drawn, session.size)
    assert new.keep is not None and new.remove is not None  # either may be empty
    masks = {"keep": _over(old.keep, new.keep, new.remove)}
    masks["remove"] = _over(old.remove, new.remove, new.keep)
    painted = {name: mask for name, mask in masks.items() if mask.any()}
    paths: dict[str, Any] = dict.fromkeys(masks)
    for name, mask in painted.items():
        paths[name] = session.folder / f"{name}-{session.round + 1}.png"
        levels = mask.astype(np.uint8)[..., None] * np.uint8(255)
        encoding.save(np.repeat(levels, 3, axis=2), paths[name])
    return replace(session, **paths), Strokes(**painted)


def _over(old: np.ndarray | None, new: np.ndarray, other: np.ndarray) -> np.ndarray:
    return new if old is None else new | ((old > 0.5) & ~other)


def _redrawn(session: Session, cut: Known) -> Session:
    """The session with the figures of the people that strokes changed or added."""
    fixed = cut.fixed if isinstance(cut, Cutout) else ()
    mattes = cut.mattes if isinstance(cut, Cutout) else ()
    pairs = zip(fixed, mattes, strict=True)
    changed = [f for f, m in pairs if f.number not in session.shown.numbers or not _same(f, m)]
    figures = {figure.number: figure for figure in session.shown.figures}
    if changed and isinstance(cut, Cutout):
        drawn = sketch(cut.photo, changed).figures
        figures |= {figure.number: figure for figure in drawn}
    return replace(
        session,
        shown=Sketch(session.shown.photo, tuple(figures.values())),
        kept=session.kept | frozenset(person.number for person in fixed),
        round=session.round + 1,
    )


def _is_corrected(session: Session) -> bool:
    return bool(session.keep or session.remove or session.splits)


def _same(one: Person, two: Person) -> bool:
    return one is two or np.array_equal(one.mask, two.mask)
