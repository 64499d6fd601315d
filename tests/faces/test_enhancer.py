"""Faces are found inside kept people only, restored where degraded, and else left alone."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pictures import jpeg_compressed
from skimage import data
from skimage.metrics import structural_similarity
from torch import Tensor, nn

import bgswap
from bgswap.faces.base import FaceBox
from bgswap.faces.enhancer import FaceEnhancer
from bgswap.faces.gains import FaceCalibration
from bgswap.io.tensors import images_to_tensor
from bgswap.networks import FaceVAE

# Eyes and mouth of scikit-image's portrait lie in this square: x, y, side. BOX is the face's box.
FACE = (177, 68, 92)
BOX = FaceBox(184, 70, 78, 96.8)
# The gains were fitted to what this network makes of faces.
STARTER = Path(bgswap.__file__).parent / "starter/face-vae"
CALIBRATION = FaceCalibration.read(STARTER)
RESTORED = "Faces of 1 kept people: 1 restored."


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    """Eileen Collins, NASA, public domain, as scikit-image ships it."""
    return np.ascontiguousarray(data.astronaut()[:400, :400])


@pytest.fixture(scope="module")
def mask(portrait) -> np.ndarray:
    drawn = np.zeros(portrait.shape[:2], np.uint8)
    cv2.ellipse(drawn, (223, 125), (90, 122), 0, 0, 360, 255, -1)
    cv2.rectangle(drawn, (90, 220), (390, 400), 255, -1)
    return cv2.GaussianBlur(drawn, (0, 0), 2).astype(np.float32) / 255


class PerfectVAE(nn.Module):
    """Knows one face by heart: the most that any face VAE could do."""

    def __init__(self, face: np.ndarray) -> None:
        super().__init__()
        self.face = images_to_tensor([face])

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.face.expand_as(faces), faces, faces


class Pointed:
    """A face finder that gives a fixed box: detection is tested separately."""

    def __init__(self, box: FaceBox | None = BOX) -> None:
        self.box = box

    def find(self, image: np.ndarray, mask: np.ndarray) -> FaceBox | None:
        return self.box


def pointed(vae: nn.Module, calibration: FaceCalibration | None = None) -> FaceEnhancer:
    return FaceEnhancer(vae, Pointed(), calibration=calibration)


@pytest.fixture(scope="module")
def enhancer() -> FaceEnhancer:
    torch.manual_seed(0)
    return pointed(FaceVAE(latent=16))


def noisy(image: np.ndarray, sigma: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return (image + noise).round().clip(0, 255).astype(np.uint8)


def small_face(image: np.ndarray) -> np.ndarray:
    x, y, side = FACE
    return cv2.resize(image[y : y + side, x : x + side], (64, 64), interpolation=cv2.INTER_AREA)


def error(image: np.ndarray, truth: np.ndarray) -> float:
    return float(np.sqrt(np.square(image.astype(float) - truth).mean()))


def test_strength_0_gives_the_same_pixels(enhancer, portrait, mask):
    image, notes = enhancer.enhance(portrait, [mask], 0.0)
    assert image is portrait
    assert notes == []


def test_the_square_is_that_of_the_crops_the_vae_knows(enhancer, portrait, mask):
    assert enhancer.find_face(portrait, mask) == FACE


@pytest.mark.parametrize("box", [None, FaceBox(200, 100, 12, 15)])
def test_without_a_face_or_with_a_tiny_one_nothing_changes(portrait, mask, box):
    enhancer = FaceEnhancer(FaceVAE(latent=16), Pointed(box))
    image, notes = enhancer.enhance(portrait, [mask], 1.0)
    assert np.array_equal(image, portrait)
    assert notes == ["Faces of 1 kept people: 1 not found."]


def test_the_note_counts_what_happened_to_each_face(portrait, mask):
    boxes = iter([BOX, None, BOX])

    class Turns:
        def find(self, image, mask):
            return next(boxes)

    enhancer = FaceEnhancer(FaceVAE(latent=16), Turns(), calibration=CALIBRATION)
    degraded, nobody = noisy(portrait, 20), np.zeros_like(mask)
    clean = cv2.GaussianBlur(portrait, (0, 0), 0.5)
    _, notes = enhancer.enhance(degraded, [mask, nobody], 1.0)
    assert notes == ["Faces of 2 kept people: 1 restored, 1 not found."]
    _, notes = enhancer.enhance(clean, [mask], 1.0)
    assert notes == ["Faces of 1 kept people: 1 left alone."]


def test_a_clean_face_is_left_alone(portrait, mask):
    clean = cv2.GaussianBlur(portrait, (0, 0), 0.5)
    image, notes = pointed(FaceVAE(latent=16), CALIBRATION).enhance(clean, [mask], 1.0)
    assert np.array_equal(image, clean)
    assert notes == ["Faces of 1 kept people: 1 left alone."]


def test_without_a_calibration_softness_stays_and_that_is_noted(portrait, mask):
    soft = cv2.GaussianBlur(portrait, (0, 0), 2.2)
    vae = FaceVAE.from_pretrained(STARTER)
    image, notes = pointed(vae).enhance(soft, [mask], 1.0)
    assert np.array_equal(image, soft)
    assert (
        notes[-1]
        == "Faces: softness is not restored, because the face VAE has no calibration.json."
    )
    restored, notes = pointed(vae, CALIBRATION).enhance(soft, [mask], 1.0)
    assert not np.array_equal(restored, soft) and notes == [RESTORED]
    noise, notes = pointed(vae).enhance(noisy(portrait, 20), [mask], 1.0)
    assert not np.array_equal(noise, noisy(portrait, 20)) and notes == [RESTORED]


def test_the_grain_of_a_film_hardly_changes(portrait, mask):
    image, _ = pointed(FaceVAE(latent=16)).enhance(portrait, [mask], 1.0)
    x, y, side = FACE
    faces = [a[y : y + side, x : x + side] for a in (image, portrait)]
    assert structural_similarity(*faces, channel_axis=2) > 0.985


def knowing(portrait: np.ndarray) -> FaceEnhancer:
    return pointed(PerfectVAE(small_face(portrait)))


@pytest.mark.parametrize("sigma", [10, 20])
def test_noise_goes_the_more_the_stronger(portrait, mask, sigma):
    degraded, errors = noisy(portrait, sigma), []
    for strength in (0.0, 0.5, 1.0):
        image, notes = knowing(portrait).enhance(degraded, [mask], strength)
        errors.append(error(small_face(image), small_face(portrait)))
        assert notes == ([RESTORED] if strength else [])
    assert errors[0] > 1.15 * errors[1] > 1.15 * 1.1 * errors[2]


def smaller(image: np.ndarray, factor: int) -> np.ndarray:
    size = (image.shape[1] // factor, image.shape[0] // factor)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    "worse",
    [
        lambda i: jpeg_compressed(i, 12),
        lambda i: cv2.GaussianBlur(i, (0, 0), 2.2),
        lambda i: smaller(i, 5),
    ],
    ids=["JPEG", "blur", "few pixels"],
)
def test_a_degraded_face_is_partly_restored(portrait, mask, worse):
    degraded = worse(portrait)
    image, notes = FaceEnhancer.from_folder(STARTER, finder=Pointed()).enhance(
        degraded, [mask], 1.0
    )
    before, after = (error(small_face(a), small_face(portrait)) for a in (degraded, image))
    assert notes == [RESTORED]
    assert after < 0.98 * before, (after, before)


def test_an_ignorant_network_does_little_harm(portrait, mask):
    torch.manual_seed(0)
    degraded = noisy(portrait, 20)
    image, _ = pointed(FaceVAE(latent=16)).enhance(degraded, [mask], 1.0)
    before, after = (error(small_face(a), small_face(portrait)) for a in (degraded, image))
    assert after < 1.05 * before


def test_only_the_face_inside_the_mask_changes(portrait, mask):
    x, y, side = FACE
    rim = side // 8 + 1
    degraded = noisy(portrait, 20)
    cut = mask.copy()
    cut[:, : x + 20] = 0
    image, _ = knowing(portrait).enhance(degraded, [cut], 1.0)
    changed = (image != degraded).any(-1)
    outside = np.ones_like(changed)
    outside[y - rim : y + side + rim, x - rim : x + side + rim] = False
    assert changed.any()
    assert not changed[outside].any()
    assert not changed[cut == 0].any()


def test_the_scene_plays_no_part(portrait, mask):
    degraded = noisy(portrait, 20)
    jungle = np.random.default_rng(1).integers(0, 255, portrait.shape, np.uint8)
    person = mask > 0.7
    changes = []
    for scene in (np.full_like(portrait, 255), jungle):
        image = np.where(person[..., None], degraded, scene)
        enhanced, _ = knowing(portrait).enhance(image, [mask * person], 1.0)
        changes.append((enhanced.astype(int) - image)[person])
    assert np.abs(changes[0]).max() > 5
    assert np.array_equal(*changes)


def test_loads_from_a_folder(tmp_path, portrait, mask):
    torch.manual_seed(1)
    vae = FaceVAE(latent=16)
    vae.save_pretrained(tmp_path)
    image = noisy(portrait, 20)
    ours, _ = pointed(vae).enhance(image, [mask], 1.0)
    theirs, _ = FaceEnhancer.from_folder(tmp_path, finder=Pointed()).enhance(image, [mask], 1.0)
    assert np.array_equal(ours, theirs)
    assert not np.array_equal(ours, image)


def test_refusals(enhancer, portrait, mask):
    with pytest.raises(ValueError, match="differ in size"):
        enhancer.enhance(portrait, [mask[1:]], 0.5)
    with pytest.raises(ValueError, match="strength"):
        enhancer.enhance(portrait, [mask], 1.1)


def test_import_is_light():
    modules = "bgswap.faces.enhancer, bgswap.compositing.lighting, bgswap.io.metadata"
    code = f"import sys, {modules}; assert not {{'torch', 'skimage'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
