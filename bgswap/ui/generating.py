"""Event handlers of Generate and Stop, and the result."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from bgswap import BadInput, Progress, Stopped, SwapOptions, SwapResult
from bgswap.option import Option
from bgswap.options import rows
from bgswap.ui import fragments
from bgswap.ui.background_controls import background_options, missing
from bgswap.ui.controls import Options
from bgswap.ui.guard import gradio_errors, warn
from bgswap.ui.history import History, Shown, choices
from bgswap.ui.page_session import Handlers, Session, Updates, missing_input, require_session
from bgswap.ui.texts import english, text

BEHIND = "background_picture"


@dataclass(frozen=True, eq=False)
class Generating(Handlers):
    """Handlers of Generate, Stop and the result.

    Args:
        history: takes the results.
    """

    history: History

    def readiness(self, session: Session | None, run: Path | None, *asked: Any) -> Updates:
        """Whether Generate can work, and in words why not."""
        reason = missing_input(session) or missing(*asked)
        return {
            self.page.generate: gr.Button(interactive=not (reason or run)),
            self.page.why: fragments.message("" if run else reason),
        }

    def begin(self, session: Session | None, *asked: Any) -> Updates:
        """Generate was pressed: show at once that something happens.

        Raises:
            gr.Error: there is nothing to work with.
        """
        with gradio_errors():
            reason = missing_input(session) or missing(*asked)
            if reason:
                raise BadInput(english(reason))
        return {
            self.page.run: self.service.stop_mark(),
            self.page.generate: gr.Button(text("generating"), interactive=False),
            self.page.stop: gr.Button(interactive=True),
            self.page.progress: fragments.idle(text("waiting")),
        }

    def generate(self, values: Updates, request: gr.Request) -> Iterator[Updates]:
        """Run the swap and show each step; the last result stays until the next is there."""
        run: Path | None = values[self.page.run]
        try:
            with gradio_errors():
                require_session(values[self.page.session])
                if run is None:
                    raise BadInput("Press Generate first.")
                yield from self._steps(values, run, request.session_hash)
        except gr.Error as error:
            warn(error)
            yield {self.page.progress: fragments.idle(error.message, "bad")}

    def _steps(self, values: Updates, run: Path, visitor: str | None) -> Iterator[Updates]:
        page = self.page
        session: Session = values[page.session]
        # Once more: a page that lost its connection for a while has let go of them.
        self.service.sweeper.hold(visitor, "photo", session.photo, session.folder)
        behind = background_options(page.backdrop, values, self.service.cache)
        self.service.sweeper.hold(visitor, "backdrop", *filter(None, [behind.get(BEHIND)]))
        options = replace(
            read_options(page.options, values),
            keep_mask=session.keep,
            remove_mask=session.remove,
            **behind,
        )
        clock, kept = Clock(), sorted(session.kept)
        prompt = "" if behind else values[page.backdrop.prompt]
        swap = self.service.again(session.photo, prompt, kept, options, run)
        with closing(swap) as events:
            try:
                for event in events:
                    if isinstance(event, Progress):
                        yield {page.progress: fragments.working(event, clock.left(event))}
                    else:
                        yield self._done(values, event, options, visitor) | {
                            page.progress: fragments.idle(
                                f"{text('done_in')} {clock.passed():.0f} s.", "good"
                            )
                        }
            except Stopped:
                yield {page.progress: fragments.idle(text("stopped"))}

    def _done(
        self, values: Updates, result: SwapResult, options: SwapOptions, visitor: str | None
    ) -> Updates:
        session: Session = values[self.page.session]
        shown = Shown(
            session.photo,
            session.before,
            session.kept,
            self.service.save(result, f"{session.photo.stem}-swapped", options),
            result.details,
            [candidate.seed for candidate in result.candidates],
            choices(self.page, values),
        )
        return self.history.add(values[self.page.past], shown, visitor)

    def stop(self, run: Path | None) -> Updates:
        """Stop was pressed: the work ends after the present step.

        The progress stays as it is: this answer may come after that of the work's own end, and
        would overwrite it.
        """
        if run is not None:
            run.touch()
        return {self.page.stop: gr.Button(interactive=False)}

    def failed(self, session: Session | None, *asked: Any) -> Updates:
        """The work did not begin or broke off: a full queue, a value that Gradio refused, a bug."""
        told = {self.page.progress: fragments.idle(text("not_done"), "bad")}
        return self.end(session, *asked) | told

    def end(self, session: Session | None, *asked: Any) -> Updates:
        """The work is over, however it went."""
        ready = not (missing_input(session) or missing(*asked))
        return self.readiness(session, None, *asked) | {
            self.page.run: None,
            self.page.generate: gr.Button(text("generate"), interactive=ready),
            self.page.stop: gr.Button(interactive=False),
        }


class Clock:
    """How long a swap has taken, and how long its scene will still take."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._scene: float | None = None

    def passed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def left(self, progress: Progress) -> float | None:
        """Seconds that the scene's remaining steps will take; None where it cannot be told."""
        if progress.stage != "scene":
            return None
        now = time.monotonic()
        if self._scene is None:
            self._scene = now
        # The first step also loads and warms the model: the pace shows from the second on.
        if progress.step < 2:
            self._scene = now if progress.step == 1 else self._scene
            return None
        pace = (now - self._scene) / (progress.step - 1)
        return pace * (progress.steps - progress.step)


def read_options(
    options: Options, values: Updates, table: type[SwapOptions] = SwapOptions
) -> SwapOptions:
    """The options as their controls have them.

    Raises:
        BadInput: one is out of its bounds.
    """
    on_page = {name: row for name, row in rows(table).items() if row.on_page}
    return table(**{name: _value(row, values[options[name]]) for name, row in on_page.items()})


def _value(option: Option, value: Any) -> Any:
    """What a control holds; an optional one is a text box, empty where nothing is chosen."""
    if not option.optional or not isinstance(value, str):
        return value
    if not value.strip():
        return None
    if option.type not in (int, float):
        return value
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        raise BadInput(f"{option.name} must be a number, or empty, got {value!r}") from None
