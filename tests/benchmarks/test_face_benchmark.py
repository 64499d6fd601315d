"""The pictures and the counting of the face benchmark, at tiny size."""

import numpy as np
import pytest
import torch

from benchmarks import faces
from bgswap.faces.enhancer import FaceEnhancer
from bgswap.networks import FaceVAE


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return np.random.default_rng(0).integers(60, 200, (64, 64, 3), np.uint8)


def test_the_face_is_put_where_it_was_said_and_lies_inside_the_person(face):
    photo, mask = faces.person(face, 40, 48)
    spot = (slice(48, 112), slice(40, 104))
    assert np.array_equal(photo[spot], face)
    assert mask[spot].min() == 1
    for scene in faces.scenes():
        assert np.array_equal(faces.before(scene, photo, mask)[spot], face)


@pytest.mark.parametrize("kind", [kind for kind in faces.KINDS if kind != "clean"])
def test_each_kind_is_worse(face, kind):
    assert faces.scores(faces.KINDS[kind](face, 0), face)[0] < 35
    assert faces.scores(face, face) == (pytest.approx(60), pytest.approx(1))


def test_a_face_that_is_not_found_counts_as_untouched(face):
    torch.manual_seed(0)

    class Nowhere:
        def find(self, image, mask):
            return None

    row = faces.measure(FaceEnhancer(FaceVAE(latent=16), Nowhere()), face, "noise 20", 0)
    assert not row["found"] and not row["mended"] and row["apart"] == 0
    assert row["ours"][0][:2] == row["untouched"][0][:2]
    (line,) = faces.summary([row])
    assert line["bilateral"]["psnr"] == max(scores[0] for scores in row["bilateral"])
    assert "| 0 of 1 | 0 of 1 | 0 |" in faces.table([line])
