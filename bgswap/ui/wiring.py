"""Connects the events of the page to their handlers; endpoints are in :mod:`bgswap.ui.api`."""

from collections.abc import Iterable
from typing import Any

import gradio as gr

from bgswap.ui import fragments
from bgswap.ui.background_controls import PROMPTS, unknown
from bgswap.ui.choosing import Choosing
from bgswap.ui.fixing import Fixing
from bgswap.ui.generating import Generating
from bgswap.ui.history import History, choices, controls
from bgswap.ui.lanes import PEOPLE, SCENES, WAITING, telling_place
from bgswap.ui.page import Page
from bgswap.ui.service import SwapService
from bgswap.ui.splitting import Splitting
from bgswap.ui.status import status_line

# Handlers of the page: quick, unseen by programs, with progress of their own.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def connect(demo: gr.Blocks, page: Page, service: SwapService) -> None:
    """Connect every component of the page with what it does."""
    _connect_status(demo, page, service)
    choice = _connect_choosing(page, Choosing(page, service))
    _connect_fixing(page, Fixing(page, service), choice)
    _connect_backdrop(page, service)
    history = History(page, service)
    _connect_generating(page, Generating(page, service, history))
    _connect_history(page, history, choice)
    _connect_memory(demo, page)


def _connect_status(demo: gr.Blocks, page: Page, service: SwapService) -> None:
    def refresh() -> tuple[str, gr.Timer]:
        busy, line, more = status_line(service)
        return fragments.status(busy, line, more), gr.Timer(active=busy)

    for event in (demo.load, page.timer.tick):
        event(refresh, None, [page.status, page.timer], queue=False, **QUIET)

    def left(request: gr.Request) -> None:
        service.sweeper.release(request.session_hash)

    demo.unload(left)


def _connect_choosing(page: Page, on: Choosing) -> list[Any]:
    choice = [
        page.session,
        page.photo,
        page.photo_message,
        page.gallery,
        page.everyone,
        page.no_one,
        page.fix,
        page.turn,
    ]
    editor = [page.cutout_editor.viewer, page.cutout_editor.room]
    # Raw, as it was uploaded: the component's own conversion fails on what open_photo can read.
    # A webcam's picture raises only this event; our own renderings raise it too and are skipped.
    # Queued, though quick: only the queue tells the browser that a state has changed.
    page.photo.change(
        on.arrived, page.photo, [page.source, *choice, *editor], preprocess=False, **QUIET
    )
    page.photo.clear(on.cleared, None, [page.source, *choice, *editor], **QUIET)
    page.source.change(
        on.look,
        page.source,
        [*choice, *editor],
        trigger_mode="multiple",
        **PEOPLE,
        **QUIET,
    )
    # One at a time and none dropped: quick clicks build on each other.
    clicks: dict[str, Any] = {
        "outputs": choice,
        "trigger_mode": "multiple",
        "concurrency_id": "choice",
        "concurrency_limit": 1,
    } | QUIET
    page.gallery.select(on.toggle_tile, page.session, **clicks)
    page.photo.select(on.toggle_point, page.session, **clicks)
    page.photo.select(on.search, page.session, choice, **PEOPLE, **QUIET)
    page.everyone.click(on.keep_everyone, page.session, **clicks)
    page.no_one.click(on.keep_no_one, page.session, **clicks)
    page.turn.click(on.turn, page.session, [page.source, page.photo_message], **PEOPLE, **QUIET)
    apart = Splitting(page, on.service)
    page.cutout_editor.split.click(apart.begin, page.session, [*choice, *editor], **QUIET)
    second = page.photo.select(apart.point, page.session, **clicks)
    second.success(apart.split, page.session, choice, **PEOPLE, **QUIET)
    return choice


def _connect_fixing(page: Page, on: Fixing, choice: list[Any]) -> None:
    editor = page.cutout_editor
    both = [editor.viewer, editor.room]
    outputs = [*choice, editor.editor, editor.undo]
    page.fix.click(on.open, page.session, [*outputs, *both], **PEOPLE, **QUIET)
    editor.apply.click(on.apply, [page.session, editor.editor], outputs, **PEOPLE, **QUIET)
    editor.undo.click(on.undo, page.session, outputs, **PEOPLE, **QUIET)
    editor.close.click(on.close, None, both, queue=False, **QUIET)


def _connect_backdrop(page: Page, service: SwapService) -> None:
    backdrop = page.backdrop
    for chip, prompt in zip(backdrop.chips, PROMPTS.values(), strict=True):
        # In the browser alone: nothing to ask the server.
        chip.click(None, None, backdrop.prompt, js=f"() => {prompt!r}", **QUIET)
    rooms = [*backdrop.rooms.values()]
    backdrop.kind.change(backdrop.shown, backdrop.kind, rooms, queue=False, **QUIET)
    backdrop.gradient.change(
        lambda chosen: gr.ColorPicker(visible=chosen),
        backdrop.gradient,
        backdrop.second,
        queue=False,
        **QUIET,
    )

    def words(prompt: str, preset: str) -> gr.HTML:
        line = unknown(service.unknown_words(prompt, preset))
        return gr.HTML(line, visible=bool(line))

    asked = [backdrop.prompt, page.options["preset"]]
    gr.on(
        _changes(asked),
        words,
        asked,
        backdrop.words,
        trigger_mode="always_last",
        queue=False,
        **QUIET,
    )


def _changes(controls: Iterable[Any]) -> list[Any]:
    """Their change events; Gradio adds them to a component's class at run time."""
    return [control.change for control in controls]


def _connect_generating(page: Page, on: Generating) -> None:
    asked = page.backdrop.asked
    gr.on(
        [page.session.change, *_changes(asked)],
        on.readiness,
        [page.session, page.run, *asked],
        [page.generate, page.why],
        trigger_mode="always_last",
        queue=False,
        **QUIET,
    )
    begun = page.generate.click(
        on.begin,
        [page.session, *asked],
        [page.run, page.generate, page.stop, page.progress],
        queue=False,
        **QUIET,
    )
    begun.success(telling_place(SCENES), None, page.progress, **WAITING, **QUIET)
    done = begun.success(
        on.generate,
        {
            page.source,
            page.session,
            page.run,
            page.past,
            page.backdrop.picture,
            *page.backdrop.controls.values(),
            *page.options.values(),
        },
        [page.source, page.progress, page.past, page.strip, page.earlier, *_result(page)],
        **SCENES,
        **QUIET,
    )
    ended = [page.run, page.generate, page.why, page.stop]
    over = {"inputs": [page.session, *asked], "queue": False, **QUIET}
    done.success(on.end, outputs=ended, **over)
    done.failure(on.failed, outputs=[*ended, page.progress], **over)
    page.stop.click(on.stop, page.run, [page.stop], queue=False, **QUIET)


def _result(page: Page) -> list[Any]:
    return [
        page.placeholder,
        page.slider,
        page.several,
        page.candidates,
        page.download_picture,
        page.download_cutout,
        page.summary,
        page.folded,
        page.details,
        page.shown,
    ]


def _connect_history(page: Page, on: History, choice: list[Any]) -> None:
    page.candidates.select(on.pick, page.shown, _result(page), queue=False, **QUIET)
    outputs = [*_result(page), *controls(page).values(), *choice]
    page.strip.select(on.recall, [page.past, page.session], outputs, **QUIET)


def _connect_memory(demo: gr.Blocks, page: Page) -> None:
    """Prompt and options survive a reload of the page; the photo is never stored."""
    remembered = controls(page)

    def restore(values: dict[str, Any] | None) -> dict[Any, Any]:
        known = {c: values[n] for n, c in remembered.items() if values and n in values}
        return known or {page.remembered: gr.skip()}

    def remember(values: dict[Any, Any]) -> dict[str, Any]:
        return choices(page, values)

    outputs = [*remembered.values(), page.remembered]
    demo.load(restore, page.remembered, outputs, queue=False, **QUIET)
    gr.on(
        _changes(remembered.values()),
        remember,
        {*remembered.values()},
        page.remembered,
        trigger_mode="always_last",
        queue=False,
        **QUIET,
    )
