"""Tiles cover a length and blend to a mean."""

import numpy as np
import pytest

from bgswap.tiling import tile_starts, tile_weights


@pytest.mark.parametrize(
    ("length", "tile", "overlap", "starts"),
    [
        (100, 100, 10, [0]),
        (50, 100, 10, [0]),
        (190, 100, 10, [0, 90]),
        (191, 100, 10, [0, 46, 91]),
        (5, 2, 2, [0, 1, 2, 3]),
    ],
)
def test_tiles_are_spread_evenly(length, tile, overlap, starts):
    assert tile_starts(length, tile, overlap) == starts


def test_weights_fall_toward_the_borders_and_are_never_zero():
    weights = tile_weights((4, 6, 3), 2)
    np.testing.assert_allclose(weights[1], [0.5, 1, 1, 1, 1, 0.5])
    np.testing.assert_allclose(weights[0], 0.5 * weights[1])
    assert weights.dtype == np.float32
