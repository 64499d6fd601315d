"""Training data of the second stage: crops of the detector's candidates with ground truth."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bgswap.detection.second_stage import SecondStageConfig, candidate_window
from bgswap.mask_ops import GREY, box_iou, crop_window, union
from bgswap.types import Box, Person
from training.common.metrics import iou

NOBODY, SOMEBODY, UNCLEAR = range(3)
# Layers of a crop: red, green, blue, rough mask, others' masks, true mask, weight in the loss.
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
    """How candidates are stored and matched with the ground truth."""

    # Height and width of stored crops, pixels, and the ratio of their window to the second stage's,
    # which leaves room for augmentation.
    stored: tuple[int, int] = (240, 160)
    grown: float = 1.25
    # A candidate is a true positive where at least this share of it lies on a person and it covers
    # at least this share of them, or where their IoU is at least ``alike``.
    theirs: float = 0.55
    of_them: float = 0.12
    alike: float = 0.4
    # Share of it on people below which it is a false positive.
    hardly: float = 0.25
    # Share of it with known ground truth that a false positive needs.
    known: float = 0.9
    # Minimum IoU of the boxes for a match with a person without a mask.
    same_box: float = 0.5
    # Of two true positives of one person, the one with the lower IoU is a false positive where the
    # IoU of their masks is below this; above, NMS removes it.
    part: float = 0.3


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """A picture and its ground truth.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        people: (H, W) uint8 each, 255 is this person.
        everyone: (H, W) uint8, all people, including those who are not in ``people``.
        known: (H, W) bool, where ``everyone`` is known.
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
    """The crops of a picture's candidates, each with its entry without the picture's number.

    Args:
        picture: with its labels.
        found: the first stage's candidates in it.
        config: how they are stored.

    Yields:
        (h, w, 7) uint8 layers as named above; kind, source, confidence, box and picture size.
    """
    config, size = config or CandidateConfig(), picture.image.shape[:2]
    duplicates = partial_duplicates(picture, found, config)
    for person, is_duplicate in zip(found, duplicates, strict=True):
        others = union((p for p in found if p is not person), size)
        true, weight, kind = _truth(picture, person, others, config)
        kind = NOBODY if is_duplicate else kind
        window = candidate_window(person.box, SecondStageConfig(), config.grown)
        rough, rest = (np.uint8(mask * 255) for mask in (person.mask, others))
        layers = [(picture.image, GREY), (rough, 0), (rest, 0), (true, 0), (weight, 0)]
        crop = np.dstack(
            [crop_window(layer, window, config.stored, fill) for layer, fill in layers]
        )
        yield crop, (kind, picture.source, person.confidence, person.box, size)


def _shows(body: np.ndarray, true: np.ndarray, config: CandidateConfig) -> bool:
    """Whether a candidate, (H, W) bool, lies on a person, and covers enough of them."""
    both = np.count_nonzero(body & true)
    mostly = both >= config.theirs * max(np.count_nonzero(body), 1)
    return mostly and both >= config.of_them * np.count_nonzero(true)


def partial_duplicates(
    picture: LabelledPicture, found: Sequence[Person], config: CandidateConfig
) -> list[bool]:
    """Whether each candidate is a duplicate detection that NMS does not remove.

    A duplicate and another true positive are matched to the same person, their masks hardly
    overlap, and the other one has the higher IoU with the ground truth.

    Args:
        picture: only its people with masks count.
        found: the candidates.
        config: with the maximum overlap of the two masks.
    """
    masks = [true > 127 for true in picture.people]
    drawn = [person.mask for person in found]
    fits = np.array([[iou(mask, true) for true in masks] for mask in drawn])
    if not fits.size:
        return [False] * len(found)
    best = fits.argmax(0)

    def is_duplicate(number: int) -> bool:
        who = int(fits[number].argmax())
        mask, other = drawn[number], drawn[best[who]]
        both = (_shows(one > 0.5, masks[who], config) for one in (mask, other))
        return best[who] != number and iou(mask, other) < config.part and all(both)

    return [is_duplicate(number) for number in range(len(found))]


def _truth(
    picture: LabelledPicture, person: Person, others: np.ndarray, config: CandidateConfig
) -> tuple[np.ndarray, np.ndarray, int]:
    """The true mask of the person that a candidate shows, the weights, both uint8, and the kind."""
    body = person.mask > 0.5
    size = max(np.count_nonzero(body), 1)
    nothing, everywhere = np.zeros(body.shape, np.uint8), np.full(body.shape, 255, np.uint8)
    masks = [true > 127 for true in picture.people]
    shares = [np.count_nonzero(body & true) for true in masks]
    best = int(np.argmax(shares)) if shares else -1
    if shares and shares[best] >= config.hardly * size:
        whole = np.count_nonzero(masks[best])
        alike = shares[best] / (size + whole - shares[best])
        shown = alike >= config.alike or _shows(body, masks[best], config)
        return picture.people[best], everywhere, SOMEBODY if shown else UNCLEAR
    if picture.boxes:
        return _box_truth(picture, person, config)
    anybody = picture.everyone > 127
    if np.count_nonzero(body & anybody & picture.known) >= config.hardly * size:
        # a person of a group: pixels of no other candidate are theirs, background is not
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
    """As :func:`_truth` for people with boxes only: pixels outside the box are not theirs."""
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
    """Collects candidates for one pair of files."""

    def __init__(self, folder: Path, part: str, number: int) -> None:
        self._stem = folder / f"{part}-{number:04d}"
        self._crops: list[np.ndarray] = []
        self._entries: list[tuple] = []

    @property
    def done(self) -> bool:
        """Whether its files exist."""
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
    """All candidates of a part, memory-mapped.

    Attributes:
        entries: (N,) of type ENTRY.

    Raises:
        FileNotFoundError: there are no candidates.
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
