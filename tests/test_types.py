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


def test_a_person_with_another_mask_has_its_box() -> None:
    mask = np.zeros((20, 30), np.float32)
    mask[5:15, 10:12] = 1
    person = Person(4, (0, 0, 30, 20), 0.7, np.ones((20, 30), np.float32))
    other = person.with_mask(mask)
    assert (other.number, other.confidence, other.box) == (4, 0.7, (10, 5, 12, 15))
    np.testing.assert_array_equal(other.mask, mask)
    assert person.area == 1
    assert person.with_mask(np.zeros_like(mask)).box == (0, 0, 0, 0)
    with pytest.raises(ValueError, match="expected a mask"):
        person.with_mask(mask[:10])
