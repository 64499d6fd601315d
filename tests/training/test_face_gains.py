"""The calibration of a face VAE, fitted on drawn ones with a VAE of random weights."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from bgswap.faces.enhancer import FaceEnhancer
from bgswap.faces.gains import FaceCalibration
from bgswap.models import STARTER
from bgswap.networks import FaceVAE
from training.face_vae import fit_gains

CALIBRATION = FaceCalibration.read(STARTER / "face-vae")


def drawn(seed: int) -> np.ndarray:
    """Blotches with some grain: power in every band."""
    rng = np.random.default_rng(seed)
    small = rng.integers(60, 190, (8, 8, 3), dtype=np.uint8)
    large = cv2.resize(small, (64, 64), interpolation=cv2.INTER_CUBIC)
    return (large + rng.normal(0, 6, large.shape)).round().clip(0, 255).astype(np.uint8)


@pytest.fixture
def faces() -> list[np.ndarray]:
    return [drawn(seed) for seed in range(6)]


@pytest.fixture
def vae() -> FaceVAE:
    torch.manual_seed(0)
    return FaceVAE(latent=4).eval()


def test_an_undamaged_face_is_left_as_it_is(faces, vae):
    clean = fit_gains.fit("clean", faces, faces, vae)
    # A little less than 1 for the noise that half of the faces get.
    np.testing.assert_allclose(clean.own, 1, atol=0.05)
    made = [drawn(seed) for seed in range(50, 56)]
    own, network = fit_gains.fitted_gains(faces, faces, made)
    np.testing.assert_allclose(own, 1, atol=1e-3)
    np.testing.assert_allclose(network, 0, atol=1e-3)


def test_what_the_network_knows_is_taken_from_it(faces):
    nothing = [drawn(seed) for seed in range(50, 56)]
    own, network = fit_gains.fitted_gains(faces, nothing, faces)
    np.testing.assert_allclose(own, 0, atol=1e-3)
    np.testing.assert_allclose(network, 1, atol=1e-3)


def test_writes_the_calibration_beside_the_weights(tmp_path, faces, vae, monkeypatch):
    (tmp_path / "train").mkdir()
    for number, face in enumerate(faces):
        Image.fromarray(face).save(tmp_path / "train" / f"{number}.png")
    vae.save_pretrained(tmp_path / "vae")
    monkeypatch.setattr(fit_gains, "BLURS", (1.5,))
    monkeypatch.setattr(fit_gains, "SIDES", (16, 32))
    flags = ["--faces", str(tmp_path), "--vae", str(tmp_path / "vae"), "--faces-used", "4"]
    assert fit_gains.main(flags) == 0
    found = FaceEnhancer.from_folder(tmp_path / "vae").calibration
    assert [row.name for row in found.blurred] == ["blur 1.5"]
    assert [row.name for row in found.shrunk] == ["16 pixels", "32 pixels"]
    assert found.usual_error > 0
    for row in (*found.blurred, *found.shrunk):
        assert row.levels[6] < found.clean[6]


def test_the_part_of_the_faces_can_be_chosen(tmp_path, faces, vae, monkeypatch):
    for part, some in (("train", faces[:2]), ("val", faces[2:])):
        (tmp_path / part).mkdir()
        for number, face in enumerate(some):
            Image.fromarray(face).save(tmp_path / part / f"{number}.png")
    vae.save_pretrained(tmp_path / "vae")
    used = []
    monkeypatch.setattr(fit_gains, "fitted", lambda some, vae: used.extend(some) or CALIBRATION)
    flags = ["--faces", str(tmp_path), "--vae", str(tmp_path / "vae"), "--part", "val"]
    assert fit_gains.main(flags) == 0
    np.testing.assert_array_equal(used, faces[2:])


def test_a_calibration_comes_back_as_it_was_written(tmp_path):
    CALIBRATION.write(tmp_path)
    assert FaceCalibration.read(tmp_path) == CALIBRATION
    assert FaceCalibration.read(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON", '{"clean": [1], "blurred": []}'])
def test_what_is_no_calibration_is_reported(text, tmp_path):
    (tmp_path / "calibration.json").write_text(text)
    with pytest.raises(ValueError, match=r"calibration\.json is not a calibration"):
        FaceCalibration.read(tmp_path)


def test_missing_weights_are_reported(tmp_path):
    flags = ["--faces", str(tmp_path), "--vae", str(tmp_path / "none")]
    assert fit_gains.main(flags) == 2
