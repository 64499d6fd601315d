"""The table of options: one row each, of which every way in is made.

A row is a field of :class:`SwapOptions` with its :class:`Option`. The command line's flags, the
page's controls, the API's parameters, their checks and their documentation are read from the table
by :func:`rows`; README's table is compared with it by a test.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bgswap.option import Option, read_rows, row
from bgswap.presets import AUTO, PRESETS, preset_names


class _PresetTitles(Mapping[str, str]):
    """``auto`` and the presets with their titles, as the table of presets has them at the time."""

    def __getitem__(self, name: str) -> str:
        return "Automatic" if name == AUTO else PRESETS[name].title

    def __iter__(self) -> Iterator[str]:
        return iter(preset_names())

    def __len__(self) -> int:
        return len(preset_names())


_PRESET_TITLES = _PresetTitles()


@dataclass(frozen=True)
class SwapOptions:
    """What may be asked of a swap, each option within the bounds of its row.

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
            "the same seed gives the same picture",
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
            "scenes to choose from, the best first; a few more are tried where those add people",
            default=1,
            group="scene",
            bounds=(1, 8),
        )
    )
    light: float = row(
        Option(
            "Light match",
            "how far the people's light follows the scene; at 0 their pixels are the photo's own",
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
        Option(
            "Scene model", "which scene model", default=AUTO, group="scene", choices=_PresetTitles()
        )
    )

    def __post_init__(self) -> None:
        for name, option in rows(type(self)).items():
            object.__setattr__(self, name, option.checked(getattr(self, name)))


def rows(table: type[SwapOptions] = SwapOptions) -> dict[str, Option]:
    """The rows of a table by name, in their order, which is that of the API's parameters."""
    return read_rows(table)
