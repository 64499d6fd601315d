"""What the person U-Net learns from: candidates that the shipped detector really finds.

The detector looks once at photos, composites and empty scenes. Each of its candidates becomes a
close-up: the photo, the candidate's rough mask, everybody else's, and the true mask of whom it
shows, if anybody. Close-ups are kept in one array on disk and varied when they are drawn.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from torch import Tensor
from tqdm import tqdm

from bgswap.people.closeup import cut, window_of
from bgswap.people.detector import PersonDetector
from bgswap.tensors import closeups_to_tensor, masks_to_tensor
from bgswap.types import Person
from training.composites import LAYOUTS, Composer
from training.cutouts import PASSER_BY, Photo, alone, load_photos
from training.data import PictureArchive
from training.masks import put_spot
from training.photometric import camera

log = logging.getLogger(__name__)

# Candidates of less confidence than this are left out. The program itself looks closer at fewer.
LEAST = 0.06
# Kept this much larger than the network's window, so that windows can be moved when drawn.
GROWN = 1.25
STORED = (240, 160)
SIZES = ((480, 640), (640, 480), (512, 512), (420, 420))
# A candidate shows somebody where this share of it is theirs, and it is this share of them;
# where it is less than HARDLY theirs it shows nobody; in between nobody can tell.
THEIRS, OF_THEM, HARDLY = 0.55, 0.12, 0.25
SOMEBODY, NOBODY, UNCLEAR = 1, 0, 2
# So often a close-up is cut by the photo's border; what is left has this share of its window's
# width, as the windows of narrow boxes give it.
AT_BORDER, SHARE_OF_WINDOW = 0.15, (0.4, 0.65)
# Layers of a close-up: red, green, blue, rough mask, others' rough masks, true mask.
LAYERS = 6


@dataclass(frozen=True, eq=False)
class Closeups:
    """crops (N, 240, 160, 6) uint8, read from disk as needed; kinds (N,) of the three above."""

    crops: np.ndarray
    kinds: np.ndarray


def closeups_of(
    image: np.ndarray, truths: list[np.ndarray], people: list[Person], passers_by: bool
) -> Iterator[tuple[np.ndarray, int]]:
    """The close-ups of one picture's candidates, and what each shows.

    Args:
        image: (H, W, 3) uint8 RGB.
        truths: (H, W) uint8, one for each true person; 255 is theirs.
        people: the candidates.
        passers_by: whether somebody without a true mask may be there: sure ones are unclear then.
    """
    for person in people:
        true, kind = _shown(person, truths)
        if passers_by and kind == NOBODY and person.confidence >= PASSER_BY:
            kind = UNCLEAR
        others = [p.mask for p in people if p is not person]
        union = np.maximum.reduce(others) if others else np.zeros_like(person.mask)
        rough = (np.uint8(mask * 255) for mask in (person.mask, union))
        window = window_of(person.box, GROWN)
        layers = (cut(layer, window, STORED, 0) for layer in (*rough, true))
        yield np.dstack([cut(image, window, STORED, 128), *layers]), kind


def _shown(person: Person, truths: list[np.ndarray]) -> tuple[np.ndarray, int]:
    """The true mask of whom a candidate shows, and whether it shows anybody."""
    body = person.mask > 0.5
    size = max(np.count_nonzero(body), 1)
    shares = [np.count_nonzero(body & (true > 127)) for true in truths]
    best = int(np.argmax(shares)) if shares else 0
    if not shares or shares[best] < HARDLY * size:
        return np.zeros(body.shape, np.uint8), NOBODY
    theirs, of_them = shares[best] / size, shares[best] / np.count_nonzero(truths[best] > 127)
    union = size + np.count_nonzero(truths[best] > 127) - shares[best]
    sure = (theirs >= THEIRS and of_them >= OF_THEM) or shares[best] / union >= 0.4
    return truths[best], SOMEBODY if sure else UNCLEAR


def pictures(
    photos: list[Photo], scenes: PictureArchive, part: str, count: int
) -> Iterator[tuple[np.ndarray, list[np.ndarray], bool]]:
    """Composites, photos of one person and scenes: image, true masks, and whether others may pass.

    Args:
        photos: of one person each.
        scenes: archive.
        part: ``"train"`` or ``"val"``.
        count: composites; there are a third as many scenes.
    """
    composer = Composer(photos, scenes, part, seed=1)
    rng = np.random.default_rng(2)
    for number in range(count):
        size = SIZES[number % len(SIZES)]
        made = composer.compose(*size, LAYOUTS[0] if number % 8 == 0 else None)
        truths = [np.uint8(made.instances == i + 1) * 255 for i in range(made.instances.max())]
        yield made.image, truths, False
    for photo in photos:
        yield photo.image, [photo.alpha], not photo.portrait
    names = scenes.pictures(part)
    for name in rng.choice(names, min(len(names), count // 3), replace=False):
        scene = cv2.resize(scenes.read(name), (384, 384), interpolation=cv2.INTER_CUBIC)
        yield camera(scene, rng), [], False


def gather(
    detector: PersonDetector, people: Path, scenes: Path, part: str, count: int, folder: Path
) -> Closeups:
    """Look at all pictures of ``part`` and keep the close-ups in ``folder``; read them if there.

    Args:
        detector: looks once at each picture.
        people, scenes: archives.
        part: ``"train"`` or ``"val"``.
        count: composites to draw.
        folder: for ``closeups-PART.npy`` and the kinds beside it.
    """
    crops_file, kinds_file = folder / f"closeups-{part}.raw", folder / f"closeups-{part}.npy"
    if not kinds_file.exists():
        archive, scene_archive = PictureArchive(people), PictureArchive(scenes)
        photos = [alone(p, detector.candidates) for p in load_photos(archive, part)]
        kinds = []
        with crops_file.open("wb") as file:
            drawn = pictures(photos, scene_archive, part, count)
            for image, truths, passers_by in tqdm(drawn, desc=f"{part} close-ups", mininterval=10):
                found = detector.candidates(image)
                for crop, kind in closeups_of(image, truths, found, passers_by):
                    file.write(crop.tobytes())
                    kinds.append(kind)
        np.save(kinds_file, np.uint8(kinds))
    kinds = np.load(kinds_file)
    shape = (len(kinds), *STORED, LAYERS)
    return Closeups(np.memmap(crops_file, np.uint8, "r", shape=shape), kinds)


def varied(
    closeup: np.ndarray, size: tuple[int, int], rng: np.random.Generator | None
) -> tuple[Tensor, Tensor]:
    """A close-up as the network is shown it, moved, lit and damaged by chance.

    Args:
        closeup: (240, 160, 6) uint8.
        size: (height, width) of the crop.
        rng: where chance comes from; None leaves everything as it was found.

    Returns:
        The crop (5, height, width), as :class:`bgswap.networks.PersonUNet` takes it, and the true
        mask (1, height, width).
    """
    matrix = _movement(size, rng)
    if rng is not None and rng.random() < AT_BORDER:
        closeup, stretched = cut_by_border(closeup, rng)
        matrix = matrix @ stretched
    image, masks = (np.ascontiguousarray(part) for part in np.split(closeup, [3], axis=2))
    way = cv2.INTER_LINEAR
    image = cv2.warpAffine(image, matrix, size[::-1], flags=way, borderValue=(128,) * 3)
    masks = cv2.warpAffine(masks, matrix, size[::-1], flags=way).astype(np.float32) / 255
    rough, others, true = (masks[:, :, i] for i in range(3))
    if rng is not None:
        image = camera(image, rng) if rng.random() < 0.6 else image
        rough = _doubtful(np.ascontiguousarray(rough), true, rng)
        others = others * (rng.random() < 0.85)
    return closeups_to_tensor([image], [rough], [others])[0], masks_to_tensor([true])[0]


def cut_by_border(closeup: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A close-up of which the photo's left or right border leaves only a part.

    Returns:
        The close-up (240, 160, 6), and the (3, 3) map that shows what is left as a window of its
        own would. Where too little of the person would be left, both leave all as it was.
    """
    columns = np.flatnonzero((closeup[:, :, 3] > 127).any(axis=0))
    if columns.size < 8:
        return closeup, np.eye(3)
    first, last = int(columns[0]), int(columns[-1]) + 1
    border = first + round(rng.uniform(0.3, 0.8) * (last - first))
    beyond, shown = (slice(border, None), (first, border))
    if rng.random() < 0.5:
        beyond, shown = (slice(0, border), (border, last))
    part = closeup.copy()
    part[:, beyond, :3], part[:, beyond, 3:] = 128, 0
    rough, true = part[:, :, 3] > 127, part[:, :, 5] > 127
    if closeup[:, :, 5].any() and (rough & true).sum() < THEIRS * rough.sum():
        return closeup, np.eye(3)
    stretch = rng.uniform(*SHARE_OF_WINDOW) * STORED[1] / GROWN / (shown[1] - shown[0])
    stretched = np.diag([stretch, 1.0, 1.0])
    stretched[0, 2] = STORED[1] / 2 - stretch * sum(shown) / 2
    return part, stretched


def _movement(size: tuple[int, int], rng: np.random.Generator | None) -> np.ndarray:
    """(2, 3) affine map from a stored close-up to a crop."""
    scale = size[0] * GROWN / STORED[0], size[1] * GROWN / STORED[1]
    linear, shift = np.diag([scale[1], scale[0]]), np.zeros(2)
    if rng is not None:
        linear = linear @ np.diag(np.exp(rng.normal(0, 0.13) + rng.normal(0, 0.05, 2)))
        turn = np.deg2rad(rng.normal(0, 6))
        linear = linear @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        if rng.random() < 0.5:
            linear[:, 0] *= -1
        shift = rng.normal(0, 0.03, 2) * size[::-1]
    middle = np.array([STORED[1] - 1, STORED[0] - 1]) / 2
    target = np.array([size[1] - 1, size[0] - 1]) / 2 + shift
    return np.column_stack([linear, target - linear @ middle])


def _doubtful(rough: np.ndarray, true: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A rough mask (H, W) float32 made rougher, or nearly the true one, as on a second look."""
    if rng.random() < 0.15:
        rough = cv2.GaussianBlur(true, (0, 0), rng.uniform(0.5, 2.5))
    chance, reach = rng.random(), 2 * int(rng.integers(1, 5)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    if chance < 0.15:
        rough = cv2.erode(rough, disc)
    elif chance < 0.3:
        rough = cv2.dilate(rough, disc)
    side = max(rough.shape)
    for value, often, largest in ((0.0, 0.8, 0.09), (1.0, 0.5, 0.13)):
        for _ in range(rng.poisson(often)):
            centre = int(rng.integers(rough.shape[1])), int(rng.integers(rough.shape[0]))
            put_spot(rough, centre, side * rng.uniform(0.02, largest), value, rng)
    if rng.random() < 0.25:  # the box ended too early
        rows = np.flatnonzero((rough > 0.5).any(axis=1))
        if rows.size:
            lost = round(rng.uniform(0.02, 0.18) * (rows[-1] - rows[0]))
            rough[rows[-1] - lost if rng.random() < 0.7 else len(rough) :] = 0
            rough[: rows[0] + lost if rng.random() < 0.3 else 0] = 0
    if rng.random() < 0.4:
        rough = cv2.GaussianBlur(rough, (0, 0), rng.uniform(0.5, 4))
    return rough.clip(0, 1)
