"""The values passed between the packages: people, cut-outs, backgrounds, results, progress."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

# x0, y0, x1, y1 in pixels.
Box = tuple[float, float, float, float]


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
            raise AttributeError("mask")  # makes dataclass treat it as a field without a default
        whole = np.zeros(person.size, np.float32)
        whole[person._part] = person._crop
        return whole


def as_box(corners: Iterable[float]) -> Box:
    """The four numbers x0, y0, x1, y1 as a box.

    Raises:
        ValueError: there are not four.
    """
    x0, y0, x1, y1 = corners
    return x0, y0, x1, y1


def box_of(mask: np.ndarray) -> Box | None:
    """The box of what is above one half in a mask (H, W); None where nothing is."""
    inside = mask > 0.5
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


@dataclass(frozen=True, eq=False)
class Person:
    """One person found in a photo.

    Attributes:
        number: 1, 2, 3... from left to right.
        box: (x0, y0, x1, y1) in pixels of the photo.
        confidence: the detector's, in [0, 1].
        mask: (H, W) float32 in [0, 1] at photo size; rebuilt from its stored crop at each access.
        painted: drawn by hand: the mask is the alpha, and is not matted.
        size: (H, W) of the photo.
    """

    number: int
    box: Box
    confidence: float
    mask: _StoredMask = _StoredMask()
    painted: bool = False
    size: tuple[int, int] = field(init=False, repr=False)
    _part: tuple[slice, slice] = field(init=False, repr=False)
    _crop: np.ndarray = field(init=False, repr=False)

    @property
    def cropped(self) -> tuple[slice, slice, np.ndarray]:
        """Rows and columns of the part of the mask that is not zero, and that part, (h, w)."""
        return *self._part, self._crop

    @property
    def area(self) -> float:
        """Share of the photo that the mask covers, in [0, 1]."""
        return float(self._crop.sum(dtype=np.float64)) / max(self.size[0] * self.size[1], 1)

    def with_mask(self, mask: np.ndarray) -> "Person":
        """A copy with another mask and its box; number and confidence stay.

        Args:
            mask: (H, W) float32 in [0, 1], of the same photo.

        Raises:
            ValueError: it is of another size.
        """
        if mask.shape != self.size:
            raise ValueError(f"expected a mask {self.size}, got {mask.shape}")
        return replace(self, mask=mask, box=box_of(mask) or (0.0, 0.0, 0.0, 0.0))


@dataclass(frozen=True, eq=False)
class Strokes:
    """Corrections that a user painted on a cut-out; where both overlap, remove wins.

    Attributes:
        keep: (H, W) bool, or float32 in [0, 1] with a threshold of one half; None: none.
        remove: as ``keep``.
    """

    keep: np.ndarray | None = None
    remove: np.ndarray | None = None

    def same(self, other: "Strokes") -> bool:
        """Whether both paint the same pixels."""
        pairs = ((self.keep, other.keep), (self.remove, other.remove))
        return all(
            one is two or (one is not None and two is not None and np.array_equal(one, two))
            for one, two in pairs
        )


@dataclass(frozen=True, eq=False)
class Cutout:
    """Kept people, cut out of their photo.

    Attributes:
        photo: (H, W, 3) uint8 RGB.
        kept: the people who are kept, as detected.
        others: the people who are removed.
        mattes: each kept person's own alpha, in the order of ``kept``, as masks of people.
        alpha: of all kept people together, (H, W) float32 in [0, 1], multiples of 1/255.
        foreground: (H, W, 3) uint8 RGB, the kept people's own colors; where alpha is 0, those of
            the nearest edge within 8 pixels, and 0 beyond.
        strokes: painted corrections.
        fixed: the mattes with the strokes applied.
        models: the models that were used, as in the details of a swap.
    """

    photo: np.ndarray
    kept: tuple[Person, ...]
    others: tuple[Person, ...]
    mattes: tuple[Person, ...]
    alpha: np.ndarray
    foreground: np.ndarray
    strokes: "Strokes" = field(default_factory=lambda: Strokes())
    fixed: tuple[Person, ...] = ()
    models: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def rgba(self) -> np.ndarray:
        """The kept people alone: (H, W, 4) uint8 RGBA, straight (not premultiplied) alpha."""
        return np.dstack([self.foreground, np.rint(self.alpha * 255).astype(np.uint8)])

    @property
    def people(self) -> list[Person]:
        """All people in the photo, by number."""
        return sorted((*self.kept, *self.others), key=lambda person: person.number)


@dataclass(frozen=True, eq=False)
class Background:
    """The background behind the kept people.

    Attributes:
        image: (h, w, 3) uint8 RGB of any size, enlarged to the photo's; None: transparent.
        source: ``scene``, ``picture``, ``color``, ``blur``, ``transparent``, or any other name.
        seed: of a generated scene, 0 to 2**32 - 1; None for other sources.
        expansion: share of the photo that the scene model added to people's areas, in [0, 1];
            None where it was not measured.
        extra_people: number of people that the scene model added; None where they were not
            counted.

    Raises:
        ValueError: the image has another shape or dtype, or is missing.
    """

    image: np.ndarray | None
    source: str
    seed: int | None = None
    expansion: float | None = None
    extra_people: int | None = None

    def __post_init__(self) -> None:
        image = self.image
        if (image is None) != (self.source == "transparent"):
            raise ValueError(f"expected a picture, or a transparent background: {self.source!r}")
        if image is not None and (image.dtype != np.uint8 or image.shape[2:] != (3,)):
            raise ValueError(f"expected (h, w, 3) uint8, got {image.shape} {image.dtype}")


@dataclass(frozen=True, eq=False)
class Picture:
    """Kept people before a background.

    Attributes:
        image: (H, W, 3) uint8 RGB at the photo's size; (H, W, 4) RGBA where it is transparent.
        background: what stands behind them.
    """

    image: np.ndarray
    background: Background

    @property
    def seed(self) -> int | None:
        """The seed of the background; None where it was made from none."""
        return self.background.seed


@dataclass(frozen=True, eq=False)
class SwapResult:
    """The result of a swap.

    Attributes:
        image: (H, W, 3) uint8 RGB at the photo's size, the best candidate.
        cutout: (H, W, 4) uint8 RGBA, the kept people alone.
        details: the JSON object that page, API and command line show.
        notes: a sentence for each thing that was requested and not fully done.
        candidates: as many as requested, best first; the details list all that were generated.
        known: the cut-out, to pass to another swap of the same photo.
    """

    image: np.ndarray
    cutout: np.ndarray
    details: dict[str, Any]
    notes: list[str]
    candidates: list[Picture] = field(default_factory=list)
    known: Cutout | None = None


@dataclass(frozen=True, eq=False)
class Progress:
    """The progress of a swap, passed to the callback after each step.

    Attributes:
        stage: ``find``, ``matte``, ``scene`` or ``finish``.
        step: steps of this stage that are done.
        steps: steps of this stage in total.
        preview: (h, w, 3) uint8 RGB, the current state of the scene; None where there is none.
    """

    stage: str
    step: int = 0
    steps: int = 1
    preview: np.ndarray | None = None


# Called with the progress after each step; it raises Stopped to end the work.
ProgressCallback = Callable[[Progress], None]
