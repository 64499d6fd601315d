"""Training pictures of the starter scene model: photographs, drawn studios, people's shapes."""

from collections.abc import Container, Iterable

import numpy as np
from PIL import Image

from training.common.data import PictureArchive, people_names, read_person

# sRGB colors of the drawn studio backdrops.
STUDIO_COLORS = {
    "white": (246, 246, 246),
    "grey": (140, 140, 142),
    "black": (14, 14, 16),
    "red": (178, 32, 40),
    "orange": (232, 134, 44),
    "yellow": (238, 208, 70),
    "green": (58, 142, 74),
    "blue": (48, 96, 186),
    "purple": (122, 66, 158),
    "pink": (234, 160, 186),
    "brown": (116, 80, 54),
    "beige": (222, 204, 176),
}


def load_scenes(
    archive: PictureArchive, part: str, side: int, kinds: Container[str] | None = None
) -> tuple[np.ndarray, list[str]]:
    """The scenes of ``part``, resized to ``side``, and the class of each.

    Args:
        archive: with ``PART/CLASS/NAME`` in its names.
        part: ``train`` or ``val``.
        side: in pixels.
        kinds: these classes alone; None: all.

    Returns:
        (N, side, side, 3) uint8 RGB and N folder names.

    Raises:
        ValueError: the archive holds no scene of that part.
    """
    names = archive.pictures(part)
    if kinds is not None:
        names = [name for name in names if name.split("/")[-2] in kinds]
    if not names:
        raise ValueError(f"no pictures under {part}/ in {archive.path}")
    pictures = [resized([archive.read(name)], side)[0] for name in names]
    return np.stack(pictures), [name.split("/")[-2] for name in names]


def resized(pictures: Iterable[np.ndarray], side: int) -> np.ndarray:
    """Pictures (H, W, 3) uint8 RGB to (N, side, side, 3), by Lanczos' filter."""
    size = (side, side)
    return np.stack(
        [np.asarray(Image.fromarray(p).resize(size, Image.Resampling.LANCZOS)) for p in pictures]
    )


def load_people(
    archive: PictureArchive, count: int, side: int, rng: np.random.Generator
) -> np.ndarray:
    """People cut out of their photos, each fitted into a square and aligned with its lower edge.

    Returns:
        (at most count, side, side, 4) uint8 RGBA.
    """
    names = people_names(archive, "train")
    chosen = rng.choice(len(names), size=min(count, len(names)), replace=False)
    return np.stack([_cut_out(*read_person(archive, names[i]), side) for i in chosen])


def _cut_out(photo: np.ndarray, mask: np.ndarray, side: int) -> np.ndarray:
    cut = np.dstack([photo, mask])
    rows, columns = np.flatnonzero(mask.max(1) > 127), np.flatnonzero(mask.max(0) > 127)
    if len(rows) and len(columns):
        cut = cut[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = cut.shape[:2]
    size = (max(1, round(width * side / max(height, width))),)
    size += (max(1, round(height * side / max(height, width))),)
    square, left = np.zeros((side, side, 4), np.uint8), (side - size[0]) // 2
    square[side - size[1] :, left : left + size[0]] = np.asarray(Image.fromarray(cut).resize(size))
    return square


def place_person(person: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A cut-out placed randomly: 35 to 110 % of the height, near the lower edge, maybe mirrored.

    Args:
        person: (S, S, 4) uint8 RGBA.
        rng: random generator.

    Returns:
        (S, S, 4) uint8 RGBA.
    """
    side = len(person)
    size = round(side * rng.uniform(0.35, 1.1))
    scaled = Image.fromarray(person).resize((size, size))
    if rng.random() < 0.5:
        scaled = scaled.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    top = side - size + round(side * rng.uniform(-0.1, 0.25))
    left = round(rng.uniform(-0.3, 0.3) * side + (side - size) / 2)
    canvas = Image.new("RGBA", (side, side))
    canvas.paste(scaled, (left, top))
    return np.asarray(canvas)


def draw_studio(color: str, style: str, side: int, rng: np.random.Generator) -> np.ndarray:
    """A plain studio backdrop: an even wall, a soft gradient or a spot of light on it.

    Args:
        color: a key of :data:`STUDIO_COLORS`.
        style: ``plain``, ``gradient`` or ``spot``.
        side: in pixels.
        rng: random generator.

    Returns:
        (side, side, 3) uint8 RGB.
    """
    base = np.array(STUDIO_COLORS[color], np.float32) + rng.normal(0, 5, 3)
    y, x = np.mgrid[0 : 1 : side * 1j, 0 : 1 : side * 1j].astype(np.float32)
    if style == "gradient":
        light = 1 - rng.uniform(0.2, 0.5) * (y if rng.random() < 0.7 else 1 - y)
    elif style == "spot":
        far = (x - rng.uniform(0.35, 0.65)) ** 2 + (y - rng.uniform(0.3, 0.55)) ** 2
        light = 0.55 + 0.5 * np.exp(-far / rng.uniform(0.06, 0.18))
    else:
        light = 1 - rng.uniform(0, 0.06) * y
    noise = rng.normal(0, 0.8, (side, side, 1))
    drawn = (
        base * light[..., None] + noise + (18 * (light[..., None] > 1) if style == "spot" else 0)
    )
    return drawn.clip(0, 255).round().astype(np.uint8)
