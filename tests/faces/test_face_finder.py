"""Faces are found inside a person's mask only, at all sizes, and where the photo is degraded."""

import cv2
import numpy as np
import pytest
from pictures import jpeg_compressed
from skimage import data

from bgswap.faces.base import FaceBox
from bgswap.faces.center_face_file import packaged_finder
from bgswap.faces.face_finder import CONFIG, CenterFaceFinder, boxes_by_score
from bgswap.mask_ops import box_iou
from bgswap.networks import CenterFace

# The face of scikit-image's portrait (Eileen Collins, NASA, public domain), by hand.
FACE = FaceBox(181, 68, 84, 107)


@pytest.fixture(scope="module")
def finder() -> CenterFaceFinder:
    return packaged_finder("cpu")


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:400, :400])


@pytest.fixture(scope="module")
def mask() -> np.ndarray:
    drawn = np.zeros((400, 400), np.uint8)
    cv2.ellipse(drawn, (223, 125), (90, 122), 0, 0, 360, 255, -1)
    cv2.rectangle(drawn, (90, 220), (390, 400), 255, -1)
    return cv2.GaussianBlur(drawn, (0, 0), 2).astype(np.float32) / 255


def overlap(box: FaceBox | None, truth: FaceBox) -> float:
    return 0.0 if box is None else box_iou(box.corners, truth.corners)


@pytest.mark.parametrize("scale", [0.2, 0.35, 1.0, 2.0])
def test_finds_a_face_at_all_sizes(finder, portrait, mask, scale):
    image, inside = (
        cv2.resize(array, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for array in (portrait, mask)
    )
    truth = FaceBox(*(scale * value for value in FACE))
    assert overlap(finder.find(image, inside), truth) > 0.7


@pytest.mark.parametrize(
    "worse",
    [
        lambda i: np.uint8((i + np.random.default_rng(0).normal(0, 20, i.shape)).clip(0, 255)),
        lambda i: jpeg_compressed(i, 12),
        lambda i: cv2.GaussianBlur(i, (0, 0), 2),
    ],
    ids=["noise", "JPEG", "blur"],
)
def test_finds_a_degraded_face(finder, portrait, mask, worse):
    size = (140, 140)
    image = cv2.resize(portrait, size, interpolation=cv2.INTER_AREA)
    inside = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
    truth = FaceBox(*(0.35 * value for value in FACE))
    assert overlap(finder.find(worse(image), inside), truth) > 0.5


def test_what_is_outside_the_person_has_no_effect(finder, portrait, mask):
    other = np.random.default_rng(1).integers(0, 256, portrait.shape, np.uint8)
    scenes = [np.where(mask[..., None] > 0, portrait, scene) for scene in (portrait, other)]
    boxes = [finder.find(scene, mask) for scene in scenes]
    assert boxes[0] is not None
    assert boxes[0] == boxes[1]


def test_a_face_beside_the_person_is_not_found(finder, portrait):
    body = np.zeros(portrait.shape[:2], np.float32)
    body[200:] = 1
    assert finder.find(portrait, body) is None
    assert finder.find(portrait, np.zeros_like(body)) is None


def test_boxes_come_by_score_and_above_the_threshold_only():
    scores = np.zeros((4, 5), np.float32)
    scores[1, 2], scores[3, 4], scores[0, 0] = 0.6, 0.9, CONFIG.threshold - 0.01
    sizes = np.stack([np.full((4, 5), 12.0), np.full((4, 5), 8.0)])
    boxes = boxes_by_score(scores, sizes, np.zeros((2, 4, 5)))
    assert boxes == [FaceBox(14, 8, 8, 12), FaceBox(6, 0, 8, 12)]


def test_the_smoke_test_refuses_weights_that_are_not_finite(finder):
    finder.check()
    broken = CenterFace()
    broken.size.bias.data.fill_(float("inf"))
    with pytest.raises(ValueError, match="not finite"):
        CenterFaceFinder(broken).check()
