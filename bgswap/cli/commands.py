"""The commands: each takes the parsed arguments, does its work and prints the result."""

import os
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bgswap.cli.answers import Details, answer, people_and_files, weights_and_licenses
from bgswap.cli.outputs import check_outputs
from bgswap.errors import MissingLibrary
from bgswap.options import SwapOptions, rows
from bgswap.settings import Settings, set_library_caches

if TYPE_CHECKING:
    from bgswap.swapper import BackgroundSwapper


def swap(options: Namespace) -> None:
    """Replace everything behind the people and write the picture."""
    answer(options, swap_photo, people_and_files)


def people(options: Namespace) -> None:
    """List who is in the photo."""
    answer(options, list_people, people_and_files)


def cutout(options: Namespace) -> None:
    """Write the kept people alone, without a scene model."""
    answer(options, cut_out, people_and_files)


def models(options: Namespace) -> None:
    """List the weights that the settings name, and those that ship with the program."""
    answer(options, list_weights, weights_and_licenses)


def photo(options: Namespace) -> None:
    """The form without a command: ``--list`` is ``people``, all else ``swap``."""
    (people if options.list else swap)(options)


def serve(options: Namespace) -> None:
    """Serve the page, the API and the MCP tools until the process is ended.

    Raises:
        MissingLibrary: Gradio is not installed.
    """
    for name, value in (("NAME", options.host), ("PORT", options.port)):
        if value is not None:
            os.environ[f"GRADIO_SERVER_{name}"] = str(value)  # read when Gradio is imported
    try:
        from bgswap.ui.launch import App
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        raise MissingLibrary('The page needs Gradio: pip install "bgswap[app]"') from None
    App(Settings.from_env(models=options.models)).serve()


def warm_up(options: Namespace) -> None:
    """Compile the functions that would be compiled on first use.

    pymatting's numba functions take most of a minute once a machine; numba caches them in
    ``BGSWAP_CACHE``. To be run after the installation, so that the first photo is not slow.
    """
    set_library_caches(Settings.from_env().cache)
    # Imported first, for its error message on system libraries that OpenCV lacks.
    import bgswap.io.images  # noqa: F401
    from bgswap.matting import foreground

    foreground.warm_up()


def _swapper(options: Namespace) -> "BackgroundSwapper":
    from bgswap.swapper import BackgroundSwapper

    return BackgroundSwapper.from_settings(Settings.from_env(models=options.models))


def list_people(options: Namespace) -> Details:
    """The work of ``people``: returns the details."""
    return _swapper(options).list_people(options.photo)[1]


def swap_photo(options: Namespace) -> Details:
    """The work of ``swap``: writes the picture and returns the details.

    Raises:
        BadInput: there is no prompt, or the picture could not be written.
    """
    import numpy as np

    from bgswap.io import encoding, metadata
    from bgswap.io.encoding import SUFFIXES, WRITTEN, format_of
    from bgswap.plan import check_request

    request = _swap_options(options)
    check_request(options.prompt or "", request)
    output = options.output or Path(f"{Path(options.photo).stem}-swapped{SUFFIXES[request.format]}")
    if WRITTEN.get(output.suffix.lower()) != WRITTEN[SUFFIXES[request.format]]:
        request = replace(request, format=format_of(output))
    check_request(options.prompt or "", request)
    read = [options.photo, request.background_picture, request.keep_mask, request.remove_mask]
    transparent = request.background.strip().lower() == "transparent"
    check_outputs(read, output, options.cutout, options.mask_out, transparent=transparent)
    result = _swapper(options).swap(options.photo, options.prompt or "", options.people, request)
    metadata.save(result.image, output, result.details, request.quality)
    if options.cutout:
        metadata.save(result.cutout, options.cutout, {})
    if options.mask_out:
        encoding.save(np.repeat(result.cutout[:, :, 3:], 3, axis=2), options.mask_out)
    return result.details | _written(options, output, options.cutout, options.mask_out)


def _swap_options(options: Namespace) -> SwapOptions:
    """The parsed options of the swap; a background may also be the path of a picture."""
    from bgswap.backgrounds.spec import parse_background

    values = {name: getattr(options, name) for name in rows(options.table)}
    if options.background:
        spec = parse_background(options.background, may_name_file=True)
        if spec.path is not None and options.background_picture is None:
            values |= {"background": "", "background_picture": spec.path}
    return options.table(**values)


def cut_out(options: Namespace) -> Details:
    """The work of ``cutout``: writes the cut-out and returns the details.

    Raises:
        BadInput: the cut-out could not be written, or nobody is selected.
    """
    from bgswap.finding import people_in
    from bgswap.io import images, metadata
    from bgswap.plan import read_plan
    from bgswap.report import Report
    from bgswap.selection import parse_choice, select_people

    output = options.output or Path(f"{Path(options.photo).stem}-cutout.png")
    check_outputs([options.photo, *_masks(options).values()], output, transparent=True)
    parse_choice(options.people)
    strokes = read_plan("-", options.table(**_masks(options))).strokes
    swapper, picture, report = _swapper(options), images.open_photo(options.photo), Report()
    everyone = people_in(picture, swapper.models, report, strokes, None)
    kept = select_people(everyone, options.people)
    others = [p for p in everyone if p not in kept]
    alone = swapper.cut_out(picture, kept, others, strokes=strokes, report=report)
    metadata.save(alone.rgba, output, {})
    details = report.details(picture, everyone)
    return details | {"kept": [p.number for p in kept]} | _written(options, output)


def _masks(options: Namespace) -> dict[str, Path | None]:
    return {name: getattr(options, name) for name in ("keep_mask", "remove_mask")}


def list_weights(options: Namespace) -> Details:
    """The work of ``models``: role, source, license and size of all weights."""
    from bgswap.models.catalog import catalog
    from bgswap.models.preparation import prepare_scene

    entries = catalog(Settings.from_env(models=options.models))
    details: Details = {"models": [asdict(entry) for entry in entries]}
    if options.prepare:
        models = _swapper(options).models
        details["prepared"] = prepare_scene(models.settings, models.store, options.preset)
    return details


def _written(options: Namespace, *paths: Path | None) -> Details:
    return {} if options.json else {"written": [str(path) for path in paths if path]}
