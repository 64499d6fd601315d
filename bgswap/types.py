"""The values that travel between the rooms: people found, options asked for, what came out."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

import numpy as np

from bgswap.errors import BadInput

Preset = Literal["auto", "starter", "fast", "quality"]
# x0, y0, x1, y1 in pixels.
Box = tuple[float, float, float, float]

# The bounds of every numeric option, in this one place: page, API and command line read them here.
BOUNDS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "steps": (1, 100),
    "guidance_scale": (0.0, 30.0),
    "variations": (1, 8),
    "light": (0.0, 1.0),
    "shadow": (0.0, 1.0),
    "enhance_faces": (0.0, 1.0),
}
WHOLE = {"seed", "steps", "variations"}
LONGEST_TEXT = 1000


class _StoredMask:
    """A field that keeps of a mask (H, W) only the part that is not zero.

    Sixteen people in a photo of 40 megapixels would take 2.5 GB as whole masks.
    """

    def __set__(self, person: "Person", mask: np.ndarray) -> None:
        if mask.ndim != 2 or mask.dtype != np.float32:
            raise ValueError(f"expected a mask (H, W) float32, got {mask.shape} {mask.dtype}")
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if rows.size:
            part = tuple(slice(int(line[0]), int(line[-1]) + 1) for line in (rows, columns))
        else:
            part = (slice(0, 0), slice(0, 0))
        person.__dict__.update(_part=part, _crop=mask[part].copy(), size=mask.shape)

    def __get__(self, person: "Person | None", kind: type) -> np.ndarray:
        if person is None:
            raise AttributeError("mask")  # so that dataclass sees a field without a default
        whole = np.zeros(person.size, np.float32)
        whole[person._part] = person._crop
        return whole


@dataclass(frozen=True, eq=False)
class Person:
    """One person found in a photo.

    Attributes:
        number: 1, 2, 3... from left to right.
        box: (x0, y0, x1, y1) in pixels of the photo.
        confidence: the detector's, in [0, 1].
        mask: (H, W) float32 in [0, 1] at photo size; made anew from what is stored at each use.
        size: (H, W) of the photo.
    """

    number: int
    box: Box
    confidence: float
    mask: np.ndarray = _StoredMask()  # type: ignore[assignment]

    @property
    def cropped(self) -> tuple[slice, slice, np.ndarray]:
        """Rows and columns of the part of the mask that is not zero, and that part, (h, w)."""
        return *self._part, self._crop

    @property
    def area(self) -> float:
        """Share of the photo that the mask covers, in [0, 1]."""
        return float(self._crop.sum(dtype=np.float64)) / max(self.size[0] * self.size[1], 1)

    def with_mask(self, mask: np.ndarray) -> "Person":
        """The same person, number and confidence, with another mask and its box.

        Args:
            mask: (H, W) float32 in [0, 1], of the same photo.

        Raises:
            ValueError: it is of another size.
        """
        from bgswap.mask_ops import box_of

        if mask.shape != self.size:
            raise ValueError(f"expected a mask {self.size}, got {mask.shape}")
        return replace(self, mask=mask, box=box_of(mask) or (0.0, 0.0, 0.0, 0.0))


@dataclass(frozen=True)
class SwapOptions:
    """What may be asked of a swap; None leaves the choice to the preset (seed: to chance).

    Attributes:
        negative_prompt: what the scene should not show.
        seed: 0 to 2**32 - 1.
        steps: denoising steps of the scene model, 1 to 100.
        guidance_scale: how closely the scene follows the prompt, 0 to 30.
        variations: how many scenes to show, 1 to 8; a few more are made where those add people.
        light: how far the people's light follows the scene, 0 (their pixels stay exact) to 1.
        shadow: strength of the shadow under feet that are in the photo, 0 (none) to 1.
        enhance_faces: strength of face restoration, 0 (untouched) to 1.
        preset: which scene model: auto, starter, fast or quality.

    Raises:
        BadInput: a value is out of its bounds.
    """

    negative_prompt: str = ""
    seed: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    variations: int = 1
    light: float = 0.0
    shadow: float = 0.0
    enhance_faces: float = 0.0
    preset: Preset = "auto"

    def __post_init__(self) -> None:
        for name, (low, high) in BOUNDS.items():
            object.__setattr__(self, name, _checked(name, getattr(self, name), low, high))
        if self.preset not in get_args(Preset):
            raise BadInput(f"preset must be one of {', '.join(get_args(Preset))}: {self.preset!r}")
        check_text("negative_prompt", self.negative_prompt)


def _checked(name: str, value: Any, low: float, high: float) -> int | float | None:
    default = next(f.default for f in fields(SwapOptions) if f.name == name)
    if value is None and default is None:
        return None
    whole = name in WHOLE
    kind = "a whole number" if whole else "a number"
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not low <= value <= high or (whole and value != int(value)):
        raise BadInput(f"{name} must be {kind} from {low:g} to {high:.10g}, got {value!r}")
    return int(value) if whole else float(value)


def check_text(name: str, text: Any) -> None:
    """Refuse what is no text or is too long to be a description.

    Raises:
        BadInput: so.
    """
    if not isinstance(text, str):
        raise BadInput(f"{name} must be text, got {type(text).__name__}")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise BadInput(f"{name} holds half a character (a lone surrogate): write it anew")
    if len(text) > LONGEST_TEXT:
        raise BadInput(f"{name} may have {LONGEST_TEXT} characters at most, got {len(text)}")


@dataclass(frozen=True, eq=False)
class Candidate:
    """One background that the scene model made, as it was judged.

    Attributes:
        image: (H, W, 3) uint8 RGB, the finished picture with this background.
        seed: the seed it was made from.
        expansion: share of the photo by which people grew or were added, in [0, 1].
        extra_people: how many people the model painted that nobody asked for.
    """

    image: np.ndarray
    seed: int
    expansion: float
    extra_people: int = 0


@dataclass(frozen=True, eq=False)
class SwapResult:
    """What a swap gives back.

    Attributes:
        image: (H, W, 3) uint8 RGB at the photo's size, the best candidate.
        cutout: (H, W, 4) uint8 RGBA, the kept people alone.
        details: the JSON object that page, API and command line show.
        notes: in words, wherever less was done than was asked.
        candidates: as many as were asked for, best first; the details list all that were tried.
    """

    image: np.ndarray
    cutout: np.ndarray
    details: dict[str, Any]
    notes: list[str]
    candidates: list[Candidate] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Progress:
    """Where a swap stands: told to the page after each step.

    Attributes:
        stage: ``find``, ``matte``, ``scene`` or ``finish``.
        step: steps of this stage that are done.
        steps: how many it has.
        preview: (h, w, 3) uint8 RGB, the scene as it stands; None where there is nothing to see.
    """

    stage: str
    step: int = 0
    steps: int = 1
    preview: np.ndarray | None = None


# Called with the progress after each step; it raises Stopped to end the work.
ProgressCallback = Callable[[Progress], None]
