"""The card for several photos below the rest of the page, and its event handlers."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.blocks import Block

from bgswap import BadInput, Stopped, SwapOptions
from bgswap.plan import check_request
from bgswap.ui import fragments
from bgswap.ui.background_controls import background_options, missing
from bgswap.ui.generating import read_options
from bgswap.ui.guard import gradio_errors, warn
from bgswap.ui.lanes import SCENES, WAITING, telling_place
from bgswap.ui.many import Bundle, Step
from bgswap.ui.many_bounds import PEOPLE, Bounds, check_people_choice
from bgswap.ui.many_rows import minutes, table
from bgswap.ui.page import Page
from bgswap.ui.service import SwapService
from bgswap.ui.sweeper import LONGEST_HOLD
from bgswap.ui.texts import english, text
from bgswap.ui.wiring import QUIET

Updates = dict[Any, Any]
HINT = "{} photos at most, {:g} MB together. The background and the options above are used for all."


@dataclass(frozen=True, eq=False)
class Card:
    """The components of the card.

    Attributes:
        files: the photos.
        people: who stays in each.
        start: makes the pictures.
        stop: ends that.
        progress: where the work stands.
        table: what became of each photo.
        download: the zip.
        run: the mark that stops the work; None: nothing is under way.
    """

    files: gr.File
    people: gr.Radio
    start: gr.Button
    stop: gr.Button
    progress: gr.HTML
    table: gr.HTML
    download: gr.DownloadButton
    run: gr.State


def lay_out_many(bounds: Bounds) -> Card:
    """Build the card, folded, where the page stands."""
    run = gr.State(None, time_to_live=LONGEST_HOLD)
    with gr.Accordion(text("several"), open=False, elem_id="many", elem_classes="card"):
        gr.HTML(fragments.message(HINT.format(bounds.photos, bounds.megabytes)))
        with gr.Row(elem_id="many-columns", equal_height=False):
            with gr.Column(scale=5, min_width=300):
                files = gr.File(
                    label=text("several_photos"),
                    file_count="multiple",
                    file_types=["image"],
                    type="filepath",
                    height=220,
                    elem_id="many-files",
                )
                people = gr.Radio(
                    [(title, word) for word, title in PEOPLE.items()],
                    value="all",
                    label=text("several_people"),
                    elem_id="many-people",
                )
                with gr.Row(elem_id="many-actions"):
                    start = gr.Button(
                        text("several_start"), variant="primary", interactive=False, scale=3
                    )
                    stop = gr.Button(text("stop"), interactive=False, scale=1, min_width=90)
            with gr.Column(scale=6, min_width=300):
                progress = gr.HTML(fragments.idle(text("several_ready")))
                table = gr.HTML("", elem_id="many-table")
                download = gr.DownloadButton(text("several_download"), interactive=False)
    return Card(files, people, start, stop, progress, table, download, run)


def connect_many(page: Page, card: Card, service: SwapService, bounds: Bounds) -> None:
    """Connect the card with what it does."""
    on = Many(page, card, service, bounds)
    behind = {page.backdrop.picture, *page.backdrop.controls.values()}
    asked: set[Block] = {card.files, card.people, *behind, *page.options.values()}
    card.files.change(
        on.readiness, [card.files, card.run], card.start, trigger_mode="always_last", **QUIET
    )
    begun = card.start.click(
        on.begin,
        asked,
        [card.run, card.start, card.stop, card.progress, card.table, card.download],
        queue=False,
        **QUIET,
    )
    begun.success(telling_place(SCENES), None, card.progress, **WAITING, **QUIET)
    done = begun.success(
        on.make,
        {*asked, card.run},
        [card.progress, card.table, card.download],
        **SCENES,
        **QUIET,
    )
    ended = [card.run, card.start, card.stop]
    done.success(on.end, card.files, ended, queue=False, **QUIET)
    done.failure(on.failed, card.files, [*ended, card.progress], queue=False, **QUIET)
    card.stop.click(on.stop, card.run, card.stop, queue=False, **QUIET)


@dataclass(frozen=True, eq=False)
class Many:
    """Handlers of the card.

    Args:
        page: where background and options are chosen.
        card: the components that they read and update.
        service: what does the work.
        bounds: of the photos.
    """

    page: Page
    card: Card
    service: SwapService
    bounds: Bounds

    def readiness(self, files: list[str] | None, run: Path | None) -> gr.Button:
        """Whether the work can begin."""
        return gr.Button(interactive=bool(files) and run is None)

    def begin(self, values: Updates) -> Updates:
        """The button was pressed: refuse what cannot be, else show at once that something happens.

        Raises:
            gr.Error: so.
        """
        with gradio_errors():
            self._photos(values)
            prompt, options = self._scene(values)
            check_request(prompt, options)
            self.service.check_steps(options)
        card = self.card
        return {
            card.run: self.service.stop_mark(),
            card.start: gr.Button(text("several_working"), interactive=False),
            card.stop: gr.Button(interactive=True),
            card.progress: fragments.idle(text("waiting")),
            card.table: "",
            card.download: gr.DownloadButton(value=None, interactive=False),
        }

    def make(self, values: Updates, request: gr.Request) -> Iterator[Updates]:
        """Make the pictures one by one, and a zip of them, also of those before a stop."""
        run: Path | None = values[self.card.run]
        try:
            with gradio_errors():
                if run is None:
                    raise BadInput("Press the button first.")
                bundle = self._bundle(values)
                # The zip stays while the page is open.
                self.service.sweeper.hold(request.session_hash, "several", bundle.folder)
                yield from self._steps(bundle, run)
        except gr.Error as error:
            warn(error)
            yield {self.card.progress: fragments.idle(error.message, "bad")}

    def _steps(self, bundle: Bundle, run: Path) -> Iterator[Updates]:
        card, start = self.card, time.monotonic()
        stopped = False
        with closing(bundle.run(run)) as steps:
            try:
                for step in steps:
                    yield self._shown(bundle, step, time.monotonic() - start)
            except Stopped:
                stopped = True
        report = bundle.report()
        done, all_of_them = report["done"], len(bundle.rows)
        word = "Stopped" if stopped else f"Done in {time.monotonic() - start:.0f} s"
        good = "good" if done == all_of_them else "bad"
        yield {
            card.progress: fragments.idle(f"{word}: {done} of {all_of_them} pictures.", good),
            card.table: table(bundle.rows),
            card.download: gr.DownloadButton(
                value=str(bundle.pack()) if done else None, interactive=bool(done)
            ),
        }

    def _shown(self, bundle: Bundle, step: Step, passed: float) -> Updates:
        card, photos = self.card, len(bundle.photos)
        if step.progress is None:
            return {card.table: table(bundle.rows)}
        done = len(bundle.rows)
        share = (done + fragments.share(step.progress)) / photos
        parts = [f"Photo {step.photo} of {photos}", fragments.STAGES[step.progress.stage][0]]
        if done:
            parts.append(f"about {minutes(passed / done * photos - passed)} left")
        return {card.progress: fragments.bar(parts, share, step.progress.preview)}

    def stop(self, run: Path | None) -> gr.Button:
        """Stop was pressed: the work ends after the present step, and what is done is packed."""
        if run is not None:
            run.touch()
        return gr.Button(interactive=False)

    def failed(self, files: list[str] | None) -> Updates:
        """The work did not begin or broke off: a full queue, a value that Gradio refused, a bug."""
        told = {self.card.progress: fragments.idle(text("not_done"), "bad")}
        return self.end(files) | told

    def end(self, files: list[str] | None) -> Updates:
        """The work is over, however it went."""
        return {
            self.card.run: None,
            self.card.start: gr.Button(text("several_start"), interactive=bool(files)),
            self.card.stop: gr.Button(interactive=False),
        }

    def _photos(self, values: Updates) -> list[Path]:
        files = values[self.card.files]
        return self.bounds.check([{"path": path} for path in files or []], self.service.cache)

    def _scene(self, values: Updates) -> tuple[str, SwapOptions]:
        backdrop = self.page.backdrop
        lacking = missing(*(values[control] for control in backdrop.asked))
        if lacking:
            raise BadInput(english(lacking))
        behind = background_options(backdrop, values, self.service.cache)
        prompt = "" if behind else values[backdrop.prompt]
        return prompt, replace(read_options(self.page.options, values), **behind)

    def _bundle(self, values: Updates) -> Bundle:
        prompt, options = self._scene(values)
        people = check_people_choice(values[self.card.people])
        return Bundle(self.service, self._photos(values), prompt, people, options)
