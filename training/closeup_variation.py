"""How stored close-ups are varied each time that the person U-Net is shown one.

They are moved, lit and damaged as cameras do, their rough masks made rougher; some are cut by a
photo's border.
"""

import cv2
import numpy as np
from torch import Tensor

from bgswap.people.taken_along import core
from bgswap.tensors import closeups_to_tensor, masks_to_tensor
from training.closeups import GROWN, STORED, THEIRS
from training.masks import put_spot
from training.photometric import camera

# So often a close-up is cut by the photo's border; what is left has this share of its window's
# width, as the windows of narrow boxes give it.
AT_BORDER, SHARE_OF_WINDOW = 0.2, (0.4, 0.65)


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
    elif chance < 0.45:
        rough = core(rough, rng.uniform(0.1, 0.7))
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
