"""The endpoint for several photos: a queued job; its answer is a zip and a report."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import get_blocks_context

from bgswap import SwapOptions
from bgswap.options import rows
from bgswap.ui.api import sign
from bgswap.ui.disconnects import until_disconnect
from bgswap.ui.guard import gradio_errors
from bgswap.ui.lanes import SCENES
from bgswap.ui.many import Bundle
from bgswap.ui.many_bounds import Bounds, check_people_choice
from bgswap.ui.request_checks import Verdict, check_asked, received
from bgswap.ui.service import SwapService

# Gradio reads one parameter a line.
DESCRIPTION = """\
Keep the people of several photos and replace everything behind them by one choice of background.

Args:
    photos: a list of picture files, of the kinds that /replace_background takes.
    prompt: the new scene in words, such as "a jungle at sunset, warm golden light".
    people: who stays in each photo: "all" or "largest".
    {options}

Returns:
    a zip of the pictures (of several variations the best) with a manifest.csv
    an object with done, failed, prompt, models, seconds and photos
    of each photo photo, file, kept, seed, seconds, notes, error (and no file where it failed)
"""


def add_many_endpoint(
    service: SwapService, bounds: Bounds, table: type[SwapOptions] = SwapOptions
) -> None:
    """Add ``/replace_backgrounds`` to the open :class:`gr.Blocks`."""
    added = gr.api(
        replace_backgrounds(service, bounds, table),
        api_name="replace_backgrounds",
        **SCENES,
    )
    # gr.api has no parameter for it.
    context = get_blocks_context()
    assert context is not None  # a gr.Blocks is open
    context.fns[added["id"]].validator = partial(check_many, service, bounds, table)


def check_many(
    service: SwapService,
    bounds: Bounds,
    table: type[SwapOptions],
    photos: Any,
    prompt: Any = "",
    people: Any = "all",
    *values: Any,
) -> list[Verdict]:
    """The verdicts on the parameters of ``/replace_backgrounds``, in their order.

    Args:
        service: what will do the work.
        bounds: of the photos.
        table: the options.
        photos: as they were sent; so are the others.
        prompt: the scene in words.
        people: who stays.
        values: the options in the order of their rows; those that are missing have their defaults.
    """
    files = partial(bounds.check, photos, service.cache)
    return check_asked(service, table, files, prompt, partial(check_people_choice, people), values)


def replace_backgrounds(
    service: SwapService, bounds: Bounds, table: type[SwapOptions]
) -> Callable[..., Any]:
    """The endpoint of that name; its signature and docstring name every option of the table.

    Args:
        service: what does the work.
        bounds: of the photos.
        table: the options.
    """
    options = rows(table)

    async def replace_backgrounds(
        photos: list[gr.FileData], prompt: str, people: str = "all", *values: Any
    ) -> tuple[gr.FileData, dict[str, Any]]:
        with gradio_errors():
            given = zip(options.values(), values, strict=False)
            chosen = table(**{o.name: received(o, v, service.cache) for o, v in given})
            paths = bounds.check(photos, service.cache)
            bundle, stop = (
                Bundle(service, paths, prompt, check_people_choice(people), chosen),
                service.stop_mark(),
            )
            path, report = await until_disconnect(partial(_made, bundle, stop), stop)
            # Gradio sends a FileData only as the dict it is made of.
            bundled: Any = gr.FileData(path=str(path)).model_dump()
            return bundled, report

    sign(replace_backgrounds, options, DESCRIPTION)
    return replace_backgrounds


def _made(bundle: Bundle, stop: Path) -> tuple[Path, dict[str, Any]]:
    for _ in bundle.run(stop):
        pass
    return bundle.pack(), bundle.report()
