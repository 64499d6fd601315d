"""What is measured on a face is what was done to it, and nothing on a good one."""

import cv2
import numpy as np
import pytest
from pictures import jpeg_compressed
from skimage import data

from bgswap.faces.degradation import (
    detect_jpeg_blocks,
    estimate_noise,
    recompress_shifted,
    simulate_noise,
)
from bgswap.faces.gains import FaceCalibration
from bgswap.faces.restoration import denoised, noise_power
from bgswap.faces.softness import classify_softness, frequency_limit
from bgswap.models import STARTER

ALL = np.ones((64, 64), bool)
CALIBRATION = FaceCalibration.read(STARTER / "face-vae")


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    """Eileen Collins, NASA, public domain, as scikit-image ships it."""
    return cv2.resize(data.astronaut()[68:160, 177:269], (64, 64), interpolation=cv2.INTER_AREA)


def noisy(image: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return (image + noise).round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("sigma", [5.0, 10.0, 20.0])
def test_measures_noise_where_a_face_is_seen(sigma):
    shades = np.linspace(60, 190, 64)[None, :, None] + np.zeros((64, 64, 3))
    degraded, seen = noisy(shades, sigma), ALL.copy()
    degraded[:20], seen[:20] = 128, False
    assert estimate_noise(degraded, seen) * 255 == pytest.approx(sigma, rel=0.12)
    assert estimate_noise(degraded, ALL) < 0.9 * estimate_noise(degraded, seen)
    assert estimate_noise(degraded, ~ALL) == 0


@pytest.mark.parametrize("quality", [15, 30])
def test_finds_blocks_where_they_lie(quality):
    photo = jpeg_compressed(np.ascontiguousarray(data.astronaut()[:240, 100:340]), quality)
    blocks = detect_jpeg_blocks(np.ascontiguousarray(photo[61:157, 75:171]))
    assert (blocks.left, blocks.top) == (-75 % 8, -61 % 8)
    assert 0.5 * quality <= blocks.quality <= 1.5 * quality


def test_a_good_face_has_nothing_to_restore(face):
    assert detect_jpeg_blocks(face) is None
    assert classify_softness(face, CALIBRATION) is None
    assert simulate_noise(cv2.medianBlur(face, 3), ALL, 64) is None


def test_blocks_made_elsewhere_are_elsewhere(face):
    first = detect_jpeg_blocks(jpeg_compressed(face, 15))
    second = detect_jpeg_blocks(recompress_shifted(face, first))
    assert (second.left, second.top) == ((first.left + 4) % 8, (first.top + 4) % 8)


@pytest.mark.parametrize("sigma", [1.5, 2.2])
def test_tells_blur_from_few_pixels(face, sigma):
    softness, share = classify_softness(cv2.GaussianBlur(face, (0, 0), sigma), CALIBRATION)
    assert softness.name == f"blur {sigma}"
    assert share == 1
    small = cv2.resize(face, (16, 16), interpolation=cv2.INTER_AREA)
    large = cv2.resize(small, (64, 64), interpolation=cv2.INTER_CUBIC)
    assert classify_softness(large, CALIBRATION)[0].name == "16 pixels"


def test_a_face_without_noise_is_given_back(face):
    made = np.full(face.shape, 128, np.float32)
    assert np.abs(denoised(face, made, np.zeros((3, 8, 8), np.float32)) - face).max() < 0.1


def test_the_better_the_network_knows_a_face_the_more_noise_goes(face):
    degraded, power = noisy(face, 20), noise_power(noisy(np.zeros((64, 64, 3)) + 128, 20) - 128.0)
    errors = [
        np.square(denoised(degraded, made.astype(np.float32), power) - face).mean()
        for made in (face, np.full_like(face, 128), degraded)
    ]
    assert errors[0] < 0.8 * errors[1]
    assert errors[1] < 0.6 * np.square(degraded.astype(float) - face).mean()


@pytest.mark.parametrize("side", [36, 48])
def test_blur_is_told_from_the_enlargement_of_a_small_face(face, side):
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    limit = frequency_limit(side)
    assert limit < side
    for picture, soft in ((small, False), (cv2.GaussianBlur(small, (0, 0), 1.2), True)):
        large = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_CUBIC)
        assert (classify_softness(large, CALIBRATION, limit) is not None) == soft
    assert frequency_limit(64) == frequency_limit(90) == 64


def test_of_a_tiny_face_the_softness_is_not_estimated(face):
    soft = cv2.GaussianBlur(face, (0, 0), 2.2)
    assert classify_softness(soft, CALIBRATION, frequency_limit(16)) is None
    assert classify_softness(soft, CALIBRATION) is not None
