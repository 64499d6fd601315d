"""The benchmark of memory sees what grows."""

import numpy as np
import pytest

from benchmarks.memory import Usage, slope, swaps, table
from bgswap.io.images import fit_within, open_photo


def test_the_slope_is_that_of_a_line() -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, 100)
    assert slope(900 + 0.25 * np.arange(100) + noise) == pytest.approx(0.25, abs=0.01)


def test_the_first_swaps_do_not_count() -> None:
    held = [Usage(100 + 50 * i, 4, 9) for i in range(5)] + [Usage(350.0, 5, 10)] * 5
    (row,) = table(held, skipped=5).splitlines()[2:]
    assert row == "| 6 to 10 | +0.000 | 350 → 350 | 5 → 5 | 10 → 10 |"


def test_a_few_swaps_leave_no_thread_and_no_file_behind() -> None:
    from photos import ZIDANE

    photo = fit_within(open_photo(ZIDANE), pixels=100_000)
    *_, before, after = swaps(photo, 4)
    assert (after.threads, after.files) == (before.threads, before.files)
    assert after.megabytes > 100
