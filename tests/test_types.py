"""The values that travel between the rooms."""

import numpy as np
import pytest

from bgswap.types import Person


def test_person_area_is_the_share_of_the_photo() -> None:
    mask = np.zeros((10, 10), np.float32)
    mask[:5] = 1
    assert Person(1, (0, 0, 10, 5), 0.9, mask).area == pytest.approx(0.5)
    with pytest.raises(ValueError, match="float32"):
        Person(1, (0, 0, 10, 5), 0.9, mask.astype(np.uint8))
