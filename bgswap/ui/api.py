"""The two endpoints for programs: stateless, typed, documented; also tools of the MCP server."""

from asyncio import to_thread
from functools import partial
from typing import Any, Literal

import gradio as gr
from gradio.context import get_blocks_context

from bgswap import SwapOptions
from bgswap.io.images import open_photo
from bgswap.ui.guard import told_to_user, uploaded
from bgswap.ui.request_checks import check_photo, check_swap
from bgswap.ui.wanted import while_wanted
from bgswap.ui.work import Workbench

# One heavy job at a time, whether the page or a program asked for it.
QUEUE = "models"


def add_endpoints(bench: Workbench) -> None:
    """Add ``/find_people`` and ``/replace_background`` to the open :class:`gr.Blocks`."""
    _add_find_people(bench)
    _add_replace_background(bench)


def _add_find_people(bench: Workbench) -> None:
    async def find_people(photo: dict[str, Any]) -> tuple[list[tuple[str, str]], dict[str, Any]]:
        """Find everyone in a photo, numbered from left to right.

        Args:
            photo: a picture file (JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF, up to 40 megapixels).

        Returns:
            A gallery of transparent PNG cut-outs, captioned with number and confidence, and an
            object with: people (list of number, box [x0, y0, x1, y1] in pixels, confidence,
            area as share of the photo), models, seconds, size [width, height], notes.
        """
        with told_to_user():
            path, stop = uploaded(photo, bench.cache), bench.stop_mark()
            picture = await to_thread(open_photo, path)
            people, details = await while_wanted(partial(bench.people_in, picture, stop), stop)
            return await to_thread(bench.save_cutouts, picture, people), details

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
            concurrency_id=QUEUE,
            concurrency_limit=1,
            validator=partial(check_photo, bench),
        )


def _add_replace_background(bench: Workbench) -> None:
    async def replace_background(
        photo: gr.FileData,
        prompt: str,
        people: list[int] | str = "all",
        negative_prompt: str = "",
        seed: int | None = None,
        steps: int | None = None,
        guidance_scale: float | None = None,
        variations: int = 1,
        light: float = 0.0,
        shadow: float = 0.0,
        enhance_faces: float = 0.0,
        preset: Literal["auto", "starter", "fast", "quality"] = "auto",
    ) -> tuple[gr.FileData, dict[str, Any]]:
        """Keep the people of a photo and replace everything behind them by a described scene.

        Args:
            photo: a picture file (JPEG, PNG, WebP, HEIC, TIFF, BMP or GIF, up to 40 megapixels).
            prompt: the new scene in words, such as "a jungle at sunset, warm golden light".
            people: who stays: the numbers that /find_people gives, such as [1, 3], or "all".
            negative_prompt: what the scene should not show.
            seed: 0 to 4294967295; the same seed gives the same picture; null for a random one.
            steps: 1 to 100 steps of the scene model; null leaves it to the preset.
            guidance_scale: 0 to 30, how closely to follow the prompt; null leaves it to the preset.
            variations: 1 to 8 scenes to make, and a few more where those add people; the best one
                is returned.
            light: 0 to 1, how far the people's light follows the scene; 0 keeps them exact.
            shadow: 0 to 1, strength of a soft shadow under feet that are in the photo; 0 is none.
            enhance_faces: 0 to 1, strength of face restoration; 0 keeps them exact.
            preset: the scene model: auto, starter, fast or quality.

        Returns:
            A PNG at the photo's full size, and an object with: people, kept, prompt, seed,
            models, candidates (all tried, best first: seed, expansion, extra_people), retries,
            seconds, size, notes.
        """
        with told_to_user():
            options = SwapOptions(
                negative_prompt=negative_prompt,
                seed=seed,
                steps=steps,
                guidance_scale=guidance_scale,
                variations=variations,
                light=light,
                shadow=shadow,
                enhance_faces=enhance_faces,
                preset=preset,
            )
            path, stop = uploaded(photo, bench.cache), bench.stop_mark()
            work = partial(bench.swap, path, prompt, people, options, stop)
            result = await while_wanted(work, stop)
            saved = await to_thread(bench.save, result, f"{path.stem}-swapped")
            return gr.FileData(path=str(saved.pictures[0])).model_dump(), result.details

    added = gr.api(
        replace_background,
        api_name="replace_background",
        concurrency_id=QUEUE,
        concurrency_limit=1,
    )
    # gr.api has no parameter for it.
    get_blocks_context().fns[added["id"]].validator = partial(check_swap, bench)
