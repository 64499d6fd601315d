"""The blocks of a strongly compressed JPEG leave no steps in the alpha."""

import io

import numpy as np
import pytest
from photos import BUS, starter_swapper
from PIL import Image


def grid_ratio(alpha: np.ndarray, axis: int, period: int) -> float:
    """Gradient energy of an alpha on the lines of a grid, against that of all other lines.

    Args:
        alpha: (H, W) float32 in [0, 1].
        axis: 0 for horizontal lines of the grid, 1 for vertical ones.
        period: of the grid, in pixels.

    Returns:
        About 1 where edges do not care for the grid, above where they lie on it.
    """
    energy = (np.diff(alpha.astype(float), axis=axis) ** 2).sum(axis=1 - axis)
    # Line i lies between the pixels i and i + 1.
    on_grid = np.arange(1, len(energy) + 1) % period == 0
    return float(energy[on_grid].mean() / energy[~on_grid].mean())


def alpha_of(photo: np.ndarray) -> np.ndarray:
    swapper = starter_swapper()
    return swapper.matte(photo, swapper.find_people(photo))


# Pixels that are cut off at the top and the left: the photo's own edges move over the grid.
SHIFTS = (0, 2, 4, 6)


@pytest.fixture(scope="module")
def alphas() -> list[tuple[np.ndarray, np.ndarray]]:
    """For each shift, of the street photo as it is, and re-saved at quality 60 with 4:2:0."""
    photo, made = np.asarray(Image.open(BUS).convert("RGB")), []
    for shift in SHIFTS:
        part, file = np.ascontiguousarray(photo[shift:, shift:]), io.BytesIO()
        Image.fromarray(part).save(file, "JPEG", quality=60, subsampling="4:2:0")
        made.append((alpha_of(part), alpha_of(np.asarray(Image.open(file)))))
    return made


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("period", [8, 16])
def test_edges_do_not_follow_the_blocks(
    alphas: list[tuple[np.ndarray, np.ndarray]], axis: int, period: int
) -> None:
    ratios = [[grid_ratio(alpha, axis, period) for alpha in pair] for pair in alphas]
    before, after = np.mean(ratios, axis=0)
    # The photo's own edges are not spread evenly: one line in 16 may hold up to a quarter more.
    assert 0.75 < after < 1.25
    assert 0.9 < after / before < 1.1


@pytest.mark.parametrize("period", [8, 16])
def test_the_measure_sees_blocks(alphas: list[tuple[np.ndarray, np.ndarray]], period: int) -> None:
    alpha = alphas[0][0]
    rows, columns = (np.arange(side) // period for side in alpha.shape)
    levels = np.random.default_rng(1).normal(0, 0.1, (rows[-1] + 1, columns[-1] + 1))
    soft = (alpha > 0.02) & (alpha < 0.98)
    blocky = np.where(soft, alpha + levels[rows][:, columns], alpha).clip(0, 1)
    for axis in (0, 1):
        assert grid_ratio(blocky, axis, period) > 1.15 * grid_ratio(alpha, axis, period)
