"""The endpoints for programs, of one photo each; also tools of the MCP server."""

from asyncio import to_thread
from collections.abc import Callable
from functools import partial
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any, Literal

import gradio as gr
from gradio.context import get_blocks_context

from bgswap import SwapOptions
from bgswap.io.images import open_photo
from bgswap.option import Option
from bgswap.options import rows
from bgswap.ui.disconnects import until_disconnect
from bgswap.ui.guard import gradio_errors, uploaded_path
from bgswap.ui.lanes import PEOPLE, SCENES
from bgswap.ui.request_checks import check_photo, check_swap, received
from bgswap.ui.service import SwapService

# Gradio reads one parameter a line, and joins the lines of what is returned with commas.
DESCRIPTION = """\
Keep the people of a photo and replace everything behind them by a described scene.

Args:
    photo: a picture file (JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF, up to 40 megapixels).
    prompt: the new scene in words, such as "a jungle at sunset, warm golden light".
    people: who stays: "all", "largest", or numbers that /find_people gives, such as [1, 3].
    {options}

Returns:
    the picture, at the photo's full size unless aspect or size say otherwise
    an object with people, kept, prompt, seed, background, models, retries, seconds, size
    photo_size, notes and candidates (the best first: seed, expansion, extra_people)
"""


def add_endpoints(service: SwapService, table: type[SwapOptions] = SwapOptions) -> None:
    """Add ``/find_people`` and ``/replace_background`` to the open :class:`gr.Blocks`."""
    _add_find_people(service)
    added = gr.api(
        replace_background(service, table),
        api_name="replace_background",
        **SCENES,
    )
    # gr.api has no parameter for it.
    context = get_blocks_context()
    assert context is not None  # a gr.Blocks is open
    context.fns[added["id"]].validator = partial(check_swap, service, table)


def _add_find_people(service: SwapService) -> None:
    async def find_people(photo: dict[str, Any]) -> tuple[list[tuple[str, str]], dict[str, Any]]:
        """Find everyone in a photo, numbered from left to right.

        Args:
            photo: a picture file (JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF, up to 40 megapixels).

        Returns:
            a gallery of transparent PNG cut-outs, captioned with number and confidence
            an object with models, seconds, size [width, height], notes and people
            of each person number, box [x0, y0, x1, y1] in pixels, confidence, share of the photo
        """
        with gradio_errors():
            path, stop = uploaded_path(photo, service.cache), service.stop_mark()
            picture = await to_thread(open_photo, path)
            people, details = await until_disconnect(
                partial(service.people_in, picture, stop), stop
            )
            return await to_thread(service.save_cutouts, picture, people), details

    # Real components give the endpoint their types; nobody sees them.
    with gr.Column(visible=False):
        photo = gr.File(label="photo", type="filepath")
        gallery = gr.Gallery(label="gallery", format="png")
        people = gr.JSON(label="people")
        gr.Button().click(
            find_people,
            photo,
            [gallery, people],
            api_name="find_people",
            preprocess=False,
            validator=partial(check_photo, service),
            **PEOPLE,
        )


def replace_background(service: SwapService, table: type[SwapOptions]) -> Callable[..., Any]:
    """The endpoint of that name; its signature and docstring name every option of the table.

    Args:
        service: what does the work.
        table: the options.
    """

    async def replace_background(
        photo: gr.FileData, prompt: str, people: int | list[int] | str = "all", *values: Any
    ) -> tuple[gr.FileData, dict[str, Any]]:
        with gradio_errors():
            given = zip(options.values(), values, strict=False)
            chosen = table(**{o.name: received(o, v, service.cache) for o, v in given})
            path, stop = uploaded_path(photo, service.cache), service.stop_mark()
            work = partial(service.swap, path, prompt, people, chosen, stop)
            result = await until_disconnect(work, stop)
            saved = await to_thread(service.save, result, f"{path.stem}-swapped", chosen)
            # Gradio sends a FileData only as the dict it is made of.
            picture: Any = gr.FileData(path=str(saved.pictures[0])).model_dump()
            return picture, result.details

    options = rows(table)
    sign(replace_background, options, DESCRIPTION)
    return replace_background


def sign(endpoint: Callable[..., Any], options: dict[str, Option], description: str) -> None:
    """Put the options in the place of ``*values``, and the docstring in its place.

    Gradio and its MCP server read signature, annotations and docstring.

    Args:
        endpoint: whose last parameter is ``*values``.
        options: by name.
        description: its docstring, with ``{options}`` in the place of theirs.
    """
    lines = [f"{name}: {option.described()}." for name, option in options.items()]
    endpoint.__doc__ = description.format(options="\n    ".join(lines))
    fixed, types = Signature.from_callable(endpoint), {n: _type(o) for n, o in options.items()}
    parameters = [p for p in fixed.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    parameters += [
        Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=o.default, annotation=types[name])
        for name, o in options.items()
    ]
    endpoint.__signature__ = fixed.replace(parameters=parameters)  # type: ignore[attr-defined]
    del endpoint.__annotations__["values"]
    endpoint.__annotations__ |= types


def _type(option: Option) -> Any:
    """The type of an option in the API."""
    kind: Any = gr.FileData if option.type is Path else option.type
    if option.choices is not None:
        kind = Literal[tuple(option.choices)]
    return kind | None if option.optional else kind
