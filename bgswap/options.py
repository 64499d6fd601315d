"""The table of options: one row each, from which every interface is made.

A row is a field of :class:`SwapOptions` with its :class:`Option`. The command line's flags, the
page's controls, the API's parameters, their checks and their documentation are read from the table
by :func:`rows`; README's table is compared with it by a test.
"""

from dataclasses import dataclass
from pathlib import Path

from bgswap.option import Option, read_rows, row
from bgswap.presets import AUTO, CHOICES

ASPECTS = {
    "photo": "As the photo",
    "1:1": "1:1",
    "4:5": "4:5",
    "3:4": "3:4",
    "16:9": "16:9",
    "9:16": "9:16",
}
SECOND_PASS = {"auto": "Automatic", "on": "On", "off": "Off"}
FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WebP"}


@dataclass(frozen=True)
class SwapOptions:
    """The options of a swap; each value is checked against its row.

    Raises:
        BadInput: a value is not allowed.
    """

    negative_prompt: str = row(
        Option(
            "Not in the scene",
            "what the scene should not show",
            default="",
            group="words",
            placeholder="cars, text",
        )
    )
    seed: int | None = row(
        Option(
            "Seed",
            "the same seed gives the same picture on the same hardware",
            default=None,
            group="sampling",
            bounds=(0, 2**32 - 1),
            placeholder="random",
        )
    )
    steps: int | None = row(
        Option(
            "Steps",
            "denoising steps of the scene model",
            default=None,
            group="sampling",
            bounds=(1, 100),
            placeholder="automatic",
        )
    )
    guidance_scale: float | None = row(
        Option(
            "Guidance scale",
            "how closely the scene follows the prompt",
            default=None,
            group="sampling",
            bounds=(0, 30),
            placeholder="automatic",
        )
    )
    variations: int = row(
        Option(
            "Variations",
            "scenes to choose from, best first; more seeds are tried where a scene adds people",
            default=1,
            group="scene",
            bounds=(1, 8),
        )
    )
    light: float = row(
        Option(
            "Light match",
            "how far the people are relit like the scene; at 0 their pixels are the photo's own",
            default=0.0,
            page=0.3,
            group="light",
            bounds=(0, 1),
        )
    )
    shadow: float = row(
        Option(
            "Contact shadow",
            "strength of a soft shadow on the ground under feet that are in the photo",
            default=0.0,
            # Rounded from 0.07, the median of the shadows under people in 60 photos of streets:
            # benchmarks/shadows.py.
            page=0.1,
            group="light",
            bounds=(0, 1),
        )
    )
    enhance_faces: float = row(
        Option(
            "Face restoration",
            "strength of the restoration of degraded faces; at 0 they are the photo's own",
            default=0.0,
            group="faces",
            bounds=(0, 1),
        )
    )
    preset: str = row(
        Option("Scene model", "which scene model", default=AUTO, group="scene", choices=CHOICES)
    )

    background: str = row(
        Option(
            "Background",
            "instead of a described scene: '#rrggbb', a gradient '#rrggbb-#rrggbb', 'blur', "
            "'blur:N' (N from 1 to 100) or 'transparent'",
            default="",
            group="scene",
            on_page=False,
        )
    )
    background_picture: Path | None = row(
        Option(
            "My picture",
            "a picture file used as the background instead of a described scene",
            default=None,
            group="scene",
            on_page=False,
        )
    )
    keep_mask: Path | None = row(
        Option(
            "Keep",
            "a picture of the photo's size, white where something belongs to the kept people",
            default=None,
            group="scene",
            on_page=False,
        )
    )
    remove_mask: Path | None = row(
        Option(
            "Remove",
            "a picture of the photo's size, white where nothing belongs to the kept people",
            default=None,
            group="scene",
            on_page=False,
        )
    )
    aspect: str = row(
        Option(
            "Shape",
            "aspect ratio of the picture; the scene is extended and nobody is cropped",
            default="photo",
            group="frame",
            choices=ASPECTS,
        )
    )
    scale: float = row(
        Option(
            "Size of the people",
            "how large the people are, as a multiple of their size in the photo",
            default=1.0,
            group="frame",
            bounds=(0.2, 3),
        )
    )
    position: str = row(
        Option(
            "Place of the people",
            "center of the people as fractions of width and height, such as '0.3,0.6'",
            default="",
            group="frame",
            placeholder="0.5,0.5",
            empty="as in the photo",
        )
    )
    size: str = row(
        Option(
            "Pixels",
            "WIDTHxHEIGHT of the picture in pixels",
            default="",
            group="frame",
            placeholder="1920x1080",
            empty="as the photo",
        )
    )
    format: str = row(Option("File", "kind of file", default="png", group="frame", choices=FORMATS))
    quality: int = row(
        Option("Quality", "of a JPEG or WebP file", default=95, group="frame", bounds=(1, 100))
    )

    second_pass: str = row(
        Option(
            "Second pass",
            "details of the scene at up to twice the scene model's resolution, on a GPU; on "
            "ZeroGPU auto leaves it out",
            default="auto",
            group="sampling",
            choices=SECOND_PASS,
        )
    )

    def __post_init__(self) -> None:
        for name, option in rows(type(self)).items():
            object.__setattr__(self, name, option.checked(getattr(self, name)))


def rows(table: type[SwapOptions] = SwapOptions) -> dict[str, Option]:
    """The rows of a table by name, in the order of the API's parameters."""
    return read_rows(table)
