"""What the second stage learns from: the detector's candidates as crops, with what they show."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bgswap.detection.second_stage import SecondStageConfig, crop_window
from bgswap.mask_ops import GREY, box_iou, cut, union
from bgswap.types import Box, Person

NOBODY, SOMEBODY, UNCLEAR = range(3)
# Layers of a crop: red, green, blue, rough mask, others, true mask, how much each pixel counts.
RGB, ROUGH, OTHERS, TRUE, WEIGHT, LAYERS = slice(0, 3), 3, 4, 5, 6, 7
ENTRY = np.dtype(
    [
        ("kind", "u1"),  # NOBODY, SOMEBODY or UNCLEAR
        ("source", "u1"),  # place in SOURCES
        ("confidence", "f4"),  # the first stage's
        ("box", "f4", 4),  # x0 y0 x1 y1, pixels of the picture
        ("size", "i4", 2),  # height and width of the picture in pixels
        ("picture", "i4"),  # number of the picture
    ]
)
SOURCES = ("composite", "photo", "boxes")


@dataclass(frozen=True)
class CandidateConfig:
    """How candidates are stored and what counts as showing somebody."""

    # Height and width of stored crops, pixels; the window is this much larger than the one that
    # the second stage is shown, so that it can be moved when it is drawn.
    stored: tuple[int, int] = (240, 160)
    grown: float = 1.25
    # A candidate shows a person where this share of it is theirs and it is this share of them, or
    # where its IoU with them is at least ``alike``.
    theirs: float = 0.55
    of_them: float = 0.12
    alike: float = 0.4
    # Less of it than this on people: it shows nobody.
    hardly: float = 0.25
    # Share of it that must be where the truth is known, to say that nobody is there.
    known: float = 0.9
    # A box without a mask is the candidate's from this IoU of boxes on.
    same_box: float = 0.5


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """A picture and what is known of its people.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        people: (H, W) uint8 each, 255 is this person.
        everyone: (H, W) uint8, everybody; also those who are not in ``people``.
        known: (H, W) bool, where ``everyone`` is the truth.
        boxes: of people without a mask, pixels.
        source: place in SOURCES.
    """

    image: np.ndarray
    people: Sequence[np.ndarray]
    everyone: np.ndarray
    known: np.ndarray
    boxes: Sequence[Box] = ()
    source: int = 0


def crops_of(
    picture: LabelledPicture, found: Sequence[Person], config: CandidateConfig | None = None
) -> Iterator[tuple[np.ndarray, tuple[int, int, float, Box, tuple[int, int]]]]:
    """The crops of a picture's candidates, and of each the entry less the picture's number.

    Args:
        picture: with its labels.
        found: the first stage's candidates in it.
        config: how they are stored.

    Yields:
        (h, w, 7) uint8 layers as named above; kind, source, confidence, box and picture size.
    """
    config, size = config or CandidateConfig(), picture.image.shape[:2]
    for person in found:
        others = union((p for p in found if p is not person), size)
        true, weight, kind = _truth(picture, person, others, config)
        window = crop_window(person.box, SecondStageConfig(), config.grown)
        rough, rest = (np.uint8(mask * 255) for mask in (person.mask, others))
        layers = [(picture.image, GREY), (rough, 0), (rest, 0), (true, 0), (weight, 0)]
        crop = np.dstack([cut(layer, window, config.stored, fill) for layer, fill in layers])
        yield crop, (kind, picture.source, person.confidence, person.box, size)


def _truth(
    picture: LabelledPicture, person: Person, others: np.ndarray, config: CandidateConfig
) -> tuple[np.ndarray, np.ndarray, int]:
    """The true mask of whom a candidate shows, how much each pixel counts, both uint8; its kind."""
    body = person.mask > 0.5
    size = max(np.count_nonzero(body), 1)
    nothing, everywhere = np.zeros(body.shape, np.uint8), np.full(body.shape, 255, np.uint8)
    masks = [true > 127 for true in picture.people]
    shares = [np.count_nonzero(body & true) for true in masks]
    best = int(np.argmax(shares)) if shares else -1
    if shares and shares[best] >= config.hardly * size:
        whole = np.count_nonzero(masks[best])
        alike = shares[best] / (size + whole - shares[best])
        sure = shares[best] >= config.theirs * size and shares[best] >= config.of_them * whole
        kind = SOMEBODY if sure or alike >= config.alike else UNCLEAR
        return picture.people[best], everywhere, kind
    if picture.boxes:
        return _box_truth(picture, person, config)
    anybody = picture.everyone > 127
    if np.count_nonzero(body & anybody & picture.known) >= config.hardly * size:
        # somebody of a group: what nobody else claims is theirs, what nobody is is not
        own = body & (picture.everyone > 229) & (others < 0.1)
        empty = (picture.everyone < 13) & picture.known
        known = np.where(own | empty, np.uint8(255), np.uint8(0))
        inside = np.count_nonzero(body & anybody) / size
        return np.uint8(own) * 255, known, SOMEBODY if inside > 0.8 else UNCLEAR
    known = np.count_nonzero(body & picture.known) >= config.known * size
    return nothing, everywhere, NOBODY if known else UNCLEAR


def _box_truth(
    picture: LabelledPicture, person: Person, config: CandidateConfig
) -> tuple[np.ndarray, np.ndarray, int]:
    """The same where people have boxes alone: nothing beyond the box is theirs."""
    shape = person.size
    nothing, beyond = np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)
    overlaps = [box_iou(person.box, box) for box in picture.boxes]
    best = int(np.argmax(overlaps))
    body, boxed = person.mask > 0.5, np.zeros(shape, bool)
    for x0, y0, x1, y1 in picture.boxes:
        boxed[round(y0) : round(y1), round(x0) : round(x1)] = True
    if overlaps[best] >= config.same_box:
        x0, y0, x1, y1 = (round(v) for v in picture.boxes[best])
        beyond[max(y0 - 3, 0) : y1 + 3, max(x0 - 3, 0) : x1 + 3] = 0
        return nothing, beyond, SOMEBODY
    free = np.count_nonzero(body & ~boxed) > 0.9 * np.count_nonzero(body)
    if free and np.count_nonzero(body & picture.known) >= config.known * np.count_nonzero(body):
        return nothing, beyond, NOBODY
    return nothing, nothing, UNCLEAR


class Shard:
    """Candidates on their way to one pair of files."""

    def __init__(self, folder: Path, part: str, number: int) -> None:
        self._stem = folder / f"{part}-{number:04d}"
        self._crops: list[np.ndarray] = []
        self._entries: list[tuple] = []

    @property
    def done(self) -> bool:
        """Whether it was written before."""
        return Path(f"{self._stem}.entries.npy").exists()

    def add(self, crop: np.ndarray, entry: tuple) -> None:
        """Append one candidate."""
        self._crops.append(crop)
        self._entries.append(entry)

    def write(self) -> int:
        """Write both files; returns how many candidates they hold."""
        shape = (len(self._crops), *CandidateConfig().stored, LAYERS)
        crops = np.stack(self._crops) if self._crops else np.zeros(shape, np.uint8)
        np.save(Path(f"{self._stem}.crops.npy"), crops)
        np.save(Path(f"{self._stem}.entries.npy"), np.array(self._entries, ENTRY))
        return len(crops)


class Candidates:
    """All candidates of a part, read from disk as needed.

    Attributes:
        entries: (N,) of type ENTRY.

    Raises:
        FileNotFoundError: none were gathered.
    """

    def __init__(self, folder: Path, part: str) -> None:
        files = sorted(folder.glob(f"{part}-*.entries.npy"))
        if not files:
            raise FileNotFoundError(f"no candidates of {part} in {folder}")
        parts = [np.load(file) for file in files]
        self.entries = np.concatenate(parts)
        names = (file.name.replace(".entries.", ".crops.") for file in files)
        self._crops = [np.load(folder / name, mmap_mode="r") for name in names]
        self._starts = np.cumsum([0] + [len(p) for p in parts])

    def __len__(self) -> int:
        return len(self.entries)

    def crop(self, number: int) -> np.ndarray:
        """(240, 160, 7) uint8, the layers of one candidate."""
        shard = int(np.searchsorted(self._starts, number, "right")) - 1
        return np.array(self._crops[shard][number - self._starts[shard]])

    def about(self) -> str:
        """Counts of kinds and sources as JSON."""
        names = ("nobody", "somebody", "unclear")
        kinds = {name: int((self.entries["kind"] == k).sum()) for k, name in enumerate(names)}
        sources = {s: int((self.entries["source"] == n).sum()) for n, s in enumerate(SOURCES)}
        return json.dumps({**kinds, **sources})
