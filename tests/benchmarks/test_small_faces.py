"""The faces of a photo of 300 pixels are found, and nearer to the original once restored."""

import numpy as np
import pytest
from photos import starter_swapper

from benchmarks.small_faces import KINDS, people_in, restored, scores, small_photo


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return small_photo()


@pytest.fixture(scope="module")
def people():
    return people_in(starter_swapper())


@pytest.mark.parametrize(
    ("kind", "psnr", "ssim"), [("noise 20", 3, 0.1), ("JPEG 15", 0.1, 0.003), ("blur 1", 0.3, 0.01)]
)
def test_restored_faces_are_nearer_to_the_original(photo, people, kind, psnr, ssim):
    degraded = KINDS[kind](photo)
    swapper = starter_swapper()
    truth = restored(swapper, photo, people, 0).image
    untouched = scores(restored(swapper, degraded, people, 0).image, truth)
    result = restored(swapper, degraded, people, 1)
    assert "Faces of 2 kept people: 2 restored." in result.notes
    made = scores(result.image, truth)
    assert made[0] > untouched[0] + psnr, (made, untouched)
    assert made[1] > untouched[1] + ssim, (made, untouched)
