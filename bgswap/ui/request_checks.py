"""What the endpoints refuse before a request waits in the queue, parameter by parameter."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from bgswap import BadInput, SwapOptions
from bgswap.prompts import check_prompt
from bgswap.selection import named
from bgswap.ui.guard import uploaded, without_folders
from bgswap.ui.work import Workbench

Verdict = dict[str, Any]


def check_photo(bench: Workbench, photo: Any) -> Verdict:
    """The verdict on the one parameter of ``/find_people``."""
    return _verdict(lambda: uploaded(photo, bench.cache))


def check_swap(
    bench: Workbench,
    photo: Any,
    prompt: Any = "",
    people: Any = "all",
    negative_prompt: Any = "",
    seed: Any = None,
    steps: Any = None,
    guidance_scale: Any = None,
    variations: Any = 1,
    light: Any = 0.0,
    shadow: Any = 0.0,
    enhance_faces: Any = 0.0,
    preset: Any = "auto",
) -> list[Verdict]:
    """The verdicts on the parameters of ``/replace_background``, in their order."""
    options = {
        "negative_prompt": negative_prompt,
        "seed": seed,
        "steps": steps,
        "guidance_scale": guidance_scale,
        "variations": variations,
        "light": light,
        "shadow": shadow,
        "enhance_faces": enhance_faces,
        "preset": preset,
    }
    verdicts = [check_photo(bench, photo)]
    verdicts += [_verdict(lambda: check_prompt(prompt)), _verdict(lambda: named(people))]
    verdicts += [_verdict(lambda n=n, v=v: SwapOptions(**{n: v})) for n, v in options.items()]
    if all(verdict["is_valid"] for verdict in verdicts):
        verdicts[5] = _verdict(lambda: bench.check_steps(SwapOptions(**options)))
    return verdicts


def _verdict(check: Callable[[], object]) -> Verdict:
    try:
        check()
    except BadInput as error:
        return gr.validate(False, without_folders(str(error)))
    return gr.validate(True, "")
